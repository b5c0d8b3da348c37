#!/bin/bash
# Orchestry's page on outgoing webhooks, step by step, against Posthorn: a token as Microsoft's endpoint gives it, a webhook,
# and a delivery with its secret in header and body. Needs POSTHORN_URL and POSTHORN_ADMIN_KEY: started without them, it says how.
# shellcheck disable=SC2034 # the commands in the here-documents use the variables
# shellcheck source=examples/walk.bash
source "$(dirname "$0")/walk.bash"

say 'Once, in Posthorn: the id that clients have in their token path, the topics, and a client'
run 200 <<'EOF'
curl -X PATCH "$POSTHORN_URL/api/v1/tenants/default" -H "$ADMIN" -H "$JSON" -d '{"settings":{"entraTenantId":"3fa85f64-5717-4562-b3fc-2c963f66afa6"}}'
EOF
for EACH in workspace.provisioning.requested workspace.provisioning.completed workspace.approval.requested \
  workspace.approval.approved workspace.approval.rejected; do
  show TOPIC "$EACH"
  run '20?' <<'EOF'
curl -X PUT "$POSTHORN_URL/api/v1/tenants/default/topics/$TOPIC" -H "$ADMIN" -H "$JSON" -d '{"description":"A workspace is made."}'
EOF
done
run 201 <<'EOF'
curl "$POSTHORN_URL/api/v1/clients" -H "$ADMIN" -H "$JSON" -d '{"name":"Provisioning","tenant":"default","roles":["webhook_admin"]}'
EOF
keep CLIENT_ID id
keep CLIENT_SECRET secret

say 'The token, as a client asks Microsoft'"'"'s endpoint for it'
run 200 <<'EOF'
curl "$POSTHORN_URL/orchestry/3fa85f64-5717-4562-b3fc-2c963f66afa6/oauth2/v2.0/token" \
  -d "client_id=$CLIENT_ID" -d "client_secret=$CLIENT_SECRET" -d scope=api://orchestry/.default -d grant_type=client_credentials
EOF
keep TOKEN access_token
show AUTH "Authorization: Bearer $TOKEN"
show BASE "$POSTHORN_URL/orchestry/v1"

say 'Register a webhook'
start_endpoint
run 201 <<'EOF'
curl "$BASE/provisioning/webhooks" -H "$AUTH" -H "$JSON" -d '{"name":"Teams to CRM","description":"Tells the CRM of new workspaces",
  "event":"provisioningCompleted","url":"'"$ENDPOINT"'/orchestry","secret":"correct-horse-battery"}'
EOF
keep ID id

say 'A workspace has been provisioned'
run 202 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/events" -H "$ADMIN" -H "$JSON" -d '{"topic":"workspace.provisioning.completed","data":{
  "tenantId":"3fa85f64-5717-4562-b3fc-2c963f66afa6","requestId":"81","templateId":"12","groupId":"c0ffee00-0000-4000-8000-000000000000",
  "sharePointUrl":"https://example.sharepoint.example/sites/team"}}'
EOF
arrived 1
check 'the secret stands in the header' test "$(header 1 X-Orchestry-Secret)" = correct-horse-battery
check 'the secret stands in the body' test "$(member "$(cat "$ARRIVED/1.body")" Secret)" = correct-horse-battery
check 'the payload is as the page says' test "$(member "$(cat "$ARRIVED/1.body")" requestId)" = 81

say 'A name is taken once'
run 409 <<'EOF'
curl "$BASE/provisioning/webhooks" -H "$AUTH" -H "$JSON" -d '{"name":"Teams to CRM","event":"approvalApproved","url":"'"$ENDPOINT"'/other"}'
EOF

say 'List, change, delete'
run 200 <<'EOF'
curl "$BASE/provisioning/webhooks" -H "$AUTH"
EOF
run 200 <<'EOF'
curl -X PATCH "$BASE/provisioning/webhooks/$ID" -H "$AUTH" -H "$JSON" -d '{"event":"Approval Approved"}'
EOF
run 202 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/events" -H "$ADMIN" -H "$JSON" -d '{"topic":"workspace.approval.approved","data":{"requestId":"82"}}'
EOF
arrived 2
run 204 <<'EOF'
curl -X DELETE "$BASE/provisioning/webhooks/$ID" -H "$AUTH"
EOF
run 404 <<'EOF'
curl "$BASE/provisioning/webhooks/$ID" -H "$AUTH"
EOF
