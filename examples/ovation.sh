#!/bin/bash
# Ovation's webhook page, step by step, against Posthorn: the five calls, a report that is signed, and what is tried again.
# Needs POSTHORN_URL and POSTHORN_ADMIN_KEY: started without them, it says how.
# shellcheck disable=SC2034 # the commands in the here-documents use the variables
# shellcheck source=examples/walk.bash
source "$(dirname "$0")/walk.bash"

say 'Once, in Posthorn: the project template as a scope, the topics, and keys for a Webhook Admin and a Webhook User'
run '20?' <<'EOF'
curl -X PUT "$POSTHORN_URL/api/v1/tenants/default/scopes/42" -H "$ADMIN" -H "$JSON" -d '{"name":"Blood panel"}'
EOF
for EACH in requisition_signed_accession report_signed report_corrected report_ready_for_generation \
  report_correction_ready_for_generation sample_rejected requisition_canceled; do
  show TOPIC "$EACH"
  run '20?' <<'EOF'
curl -X PUT "$POSTHORN_URL/api/v1/tenants/default/topics/$TOPIC" -H "$ADMIN" -H "$JSON" -d '{"description":"Something happened in the lab."}'
EOF
done
run 201 <<'EOF'
curl "$POSTHORN_URL/api/v1/keys" -H "$ADMIN" -H "$JSON" -d '{"name":"Webhook Admin","tenant":"default","roles":["webhook_admin"]}'
EOF
keep KEY key
run 201 <<'EOF'
curl "$POSTHORN_URL/api/v1/keys" -H "$ADMIN" -H "$JSON" -d '{"name":"Webhook User","tenant":"default","roles":["webhook_user"]}'
EOF
keep USER_ID id
keep USER_KEY key
show AUTH "Authorization: Bearer $KEY"
show USER_AUTH "Authorization: Bearer $USER_KEY"
show BASE "$POSTHORN_URL/ovation/api/v3/project_templates/42/webhook_endpoints"

say 'Create an endpoint; the answer has neither the password nor the authentication headers'
start_endpoint
run 201 <<'EOF'
curl "$BASE" -H "$AUTH" -H "$JSON" -d '{"webhookEndpoint":{"targetUrl":"'"$ENDPOINT"'/lims","event":"report_signed",
  "username":"lab","password":"hush","requestHeaders":{"X-Source":"lims"},"authenticationHeaders":{"api-key":"k3y"}}}'
EOF
keep ID webhook_endpoint.id
check 'the password is not shown' lacks "$ANSWER" hush
check 'the authentication headers are not shown' lacks "$ANSWER" k3y

say 'A report is signed'
run 202 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/events" -H "$ADMIN" -H "$JSON" -d '{"topic":"report_signed","scope":"42","data":{
  "eventDetails":"","requisitionIdentifier":"R-17","sampleIdentifier":"S-17","reportType":"Final","reportResult":"negative",
  "reportResultDetails":{},"signedBy":[{"name":"Lab director","email":"director@example.org","signedDateTime":"2026-01-31T08:15:00+01:00"}]}}'
EOF
arrived 1
check 'Basic authentication' test "$(header 1 Authorization)" = "Basic $(printf 'lab:hush' | base64)"
check 'the request headers' test "$(header 1 X-Source)" = lims
check 'the authentication headers' test "$(header 1 api-key)" = k3y
check 'the event'"'"'s name' test "$(member "$(cat "$ARRIVED/1.body")" eventType)" = report_signed
check 'the project template' test "$(member "$(cat "$ARRIVED/1.body")" projectTemplateId)" = 42

say 'A Webhook User sees only what is assigned to it'
run 404 <<'EOF'
curl "$BASE/$ID" -H "$USER_AUTH"
EOF
run 200 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/subscriptions" -H "$ADMIN"
EOF
keep SUBSCRIPTION "items.number=$ID.id"
run 201 <<'EOF'
curl "$POSTHORN_URL/api/v1/grants" -H "$ADMIN" -H "$JSON" -d '{"principal":"'"$USER_ID"'","object":{"kind":"subscription","id":"'"$SUBSCRIPTION"'"}}'
EOF
run 200 <<'EOF'
curl "$BASE/$ID" -H "$USER_AUTH"
EOF

say 'Names in PascalCase, the password left as it is, and an endpoint that fails'
run 201 <<'EOF'
curl -X PUT "$BASE/$ID" -H "$AUTH" -H "$JSON" -d '{"WebhookEndpoint":{"TargetUrl":"'"$ENDPOINT"'/status/503","Event":"sample_rejected","Username":"lab"}}'
EOF
run 202 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/events" -H "$ADMIN" -H "$JSON" -d '{"topic":"sample_rejected","scope":"42","data":{"eventDetails":"haemolysed"}}'
EOF
keep EVENT id
arrived 2
check 'the kept password' test "$(header 2 Authorization)" = "Basic $(printf 'lab:hush' | base64)"

say 'It is tried again after 64 s, and 729 s after that'
seconds_to_next_attempt() {
  python3 -c '
import datetime, json, sys
delivery = json.loads(sys.argv[1])["items"][0]
if delivery["attempts"] == 1 and delivery["nextAttemptAt"]:
    at = [datetime.datetime.fromisoformat(delivery[name]) for name in ("nextAttemptAt", "updatedAt")]
    print(round((at[0] - at[1]).total_seconds()))' "$ANSWER"
}
for ((tries = 0; tries < 100; ++tries)); do
  ANSWER=$(command curl -sS "$POSTHORN_URL/api/v1/tenants/default/events/$EVENT/deliveries" -H "$ADMIN")
  if [[ -n $(seconds_to_next_attempt) ]]; then break; fi
  sleep 0.1
done
run 200 <<'EOF'
curl "$POSTHORN_URL/api/v1/tenants/default/events/$EVENT/deliveries" -H "$ADMIN"
EOF
check '64 seconds' test "$(seconds_to_next_attempt)" = 64

say 'What is wrong is told at once'
run 422 <<'EOF'
curl "$BASE" -H "$AUTH" -H "$JSON" -d '{"webhook_endpoint":{"event":"nothing"}}'
EOF
run 422 <<'EOF'
curl "$POSTHORN_URL/ovation/api/v3/project_templates/7/webhook_endpoints" -H "$AUTH" -H "$JSON" \
  -d '{"webhook_endpoint":{"target_url":"https://receiver.example/","event":"report_signed","username":"lab","password":"hush"}}'
EOF

say 'List and delete'
run 200 <<'EOF'
curl "$BASE" -H "$AUTH"
EOF
run 201 <<'EOF'
curl -X DELETE "$BASE/$ID" -H "$AUTH"
EOF
run 404 <<'EOF'
curl "$BASE/$ID" -H "$AUTH"
EOF
