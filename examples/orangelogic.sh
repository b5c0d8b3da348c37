#!/bin/bash
# Orange Logic's webhook page, call by call, against Posthorn; signatures are checked with openssl.
# Needs POSTHORN_URL and POSTHORN_ADMIN_KEY: started without them, it says how.
# shellcheck disable=SC2034 # the commands in the here-documents use the variables
# shellcheck source=examples/walk.bash
source "$(dirname "$0")/walk.bash"

say 'Once, in Posthorn: the topics, and a client that has the permission "Webhook subscription"'
for EACH in document.deleted document.created image.created; do
  show TOPIC "$EACH"
  run '20?' <<'EOF'
curl -X PUT "$POSTHORN_URL/api/v1/tenants/default/topics/$TOPIC" -H "$ADMIN" -H "$JSON" -d '{"description":"An asset was changed."}'
EOF
done
run 201 <<'EOF'
curl "$POSTHORN_URL/api/v1/clients" -H "$ADMIN" -H "$JSON" -d '{"name":"DAM","tenant":"default","roles":["webhook_admin"]}'
EOF
keep CLIENT_ID id
keep CLIENT_SECRET secret

say 'An automation makes a topic of its own for one asset subtype'
run '20?' <<'EOF'
curl -X PUT "$POSTHORN_URL/api/v1/tenants/default/automations/images" -H "$ADMIN" -H "$JSON" -d '{"topics":["document.created"],
  "when":{"path":"$.data.AssetSubtype","op":"eq","value":"Image"},
  "publish":{"topic":"image.created","data":{"RecordID":"{{ $.data.RecordID }}"}}}'
EOF

say 'Authentication: client credentials for a token'
run 200 <<'EOF'
curl "$POSTHORN_URL/orangelogic/webapi/security/clientcredentialsauthentication/authenticate_46H_v1" \
  -d "client_id=$CLIENT_ID" -d "client_secret=$CLIENT_SECRET"
EOF
keep TOKEN accessToken
show AUTH "Authorization: Bearer $TOKEN"
show BASE "$POSTHORN_URL/orangelogic/webapi/extensibility/webhook/subscription"

say 'gettopics: what there is to subscribe to'
run 200 <<'EOF'
curl -X POST "$BASE/gettopics_220_v1" -H "$AUTH"
EOF

say 'testdelivery: straight to the target URL, without a subscription'
start_endpoint
run 200 <<'EOF'
curl "$BASE/testdelivery_22C_v1" -H "$AUTH" -H "$JSON" -d '{"targetUrl":"'"$ENDPOINT"'/crm","payload":"free text, to see whether the way is open"}'
EOF
arrived 1

say 'create: a subscription with custom headers and predicates'
run 200 <<'EOF'
curl "$BASE/create_22E_v1" -H "$AUTH" -H "$JSON" -d '{"name":"CRM","targetUrl":"'"$ENDPOINT"'/crm","topics":["document.*"],
  "customHeaders":{"X-Team":"blue"},
  "excludePredicates":[{"name":"no videos","path":"$.Data.AssetType","op":"eq","value":"Video"}]}'
EOF
keep ID subscriptionId

say 'testpredicates: would a video be sent?'
run 200 <<'EOF'
curl "$BASE/testpredicates_22D_v1" -H "$AUTH" -H "$JSON" -d '{"subscriptionId":"'"$ID"'","topic":"document.created","data":{"AssetType":"Video"}}'
EOF
check 'the exclude predicate keeps it away' test "$(member "$ANSWER" applied)" = false

say 'rotatesecret: the first call makes the secret, and from then on deliveries are signed'
run 200 <<'EOF'
curl "$BASE/rotatesecret_22P_v1" -H "$AUTH" -H "$JSON" -d '{"subscriptionID":"'"$ID"'","newSecret":""}'
EOF
keep OLD_SECRET newSecret

say 'triggerevent: an event goes the whole way'
run 202 <<'EOF'
curl "$BASE/triggerevent_22N_v1" -H "$AUTH" -H "$JSON" -d '{"topic":"document.deleted","data":{"RecordID":"2QDX"},"userId":"K8O"}'
EOF
keep EVENT_ID eventId
arrived 2

say 'The signature: openssl dgst -sha256 -hmac "<the secret>" -binary <body> | base64'
signature() { openssl dgst -sha256 -hmac "$2" -binary "$ARRIVED/$1.body" | base64 --wrap=0; }
show SIGNATURE "$(signature 2 "$OLD_SECRET")"
check 'x-ol-signature is v1,<that>' test "$(header 2 x-ol-signature)" = "v1,$SIGNATURE"
check 'the body has the event'"'"'s id' test "$(member "$(cat "$ARRIVED/2.body")" EventId)" = "$EVENT_ID"

say 'rotatesecret again: for an hour both secrets sign, the old one as v1, the new one as v1a'
run 200 <<'EOF'
curl "$BASE/rotatesecret_22P_v1" -H "$AUTH" -H "$JSON" -d '{"subscriptionID":"'"$ID"'","newSecret":""}'
EOF
keep NEW_SECRET newSecret
run 202 <<'EOF'
curl "$BASE/triggerevent_22N_v1" -H "$AUTH" -H "$JSON" -d '{"topic":"document.deleted","data":{"RecordID":"2QDY"},"userId":"K8O"}'
EOF
arrived 3
check 'both secrets have signed' \
  test "$(header 3 x-ol-signature)" = "v1,$(signature 3 "$OLD_SECRET") v1a,$(signature 3 "$NEW_SECRET")"

say 'update: an asset subtype of its own; what is absent stays'
run 200 <<'EOF'
curl "$BASE/update_22F_v1" -H "$AUTH" -H "$JSON" -d '{"subscriptionId":"'"$ID"'","topics":["image.created"],"maxRetries":2}'
EOF
run 202 <<'EOF'
curl "$BASE/triggerevent_22N_v1" -H "$AUTH" -H "$JSON" -d '{"topic":"document.created","data":{"RecordID":"2QDZ","AssetSubtype":"Image"}}'
EOF
arrived 4
check 'the automation'"'"'s topic arrived' test "$(member "$(cat "$ARRIVED/4.body")" Topic)" = image.created

say 'getbyid and getall, in XML'
run 200 <<'EOF'
curl "$BASE/getbyid_22H_v1?subscriptionId=$ID" -H "$AUTH" -H 'Accept: application/xml'
EOF
run 200 <<'EOF'
curl "$BASE/getall_22I_v1?page=1&pageSize=10" -H "$AUTH" -H 'Accept: application/xml'
EOF

say 'delete'
run 200 <<'EOF'
curl -X DELETE "$BASE/delete_22G_v1?subscriptionId=$ID" -H "$AUTH"
EOF
run 404 <<'EOF'
curl "$BASE/getbyid_22H_v1?subscriptionId=$ID" -H "$AUTH"
EOF
