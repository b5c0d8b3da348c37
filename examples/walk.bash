# For the scripts beside it: shows each command before it runs, and what came of it.
#
#   say TEXT            a heading
#   run STATUS <<'EOF'  shows and runs the curl command that follows, and ends the script unless the answer has that status
#                       (200, or a pattern: '20?')
#   keep NAME MEMBER    NAME=<that member of the last answer>; a path leads into it: items.0.id, or items.number=7.id for the
#                       item whose number is 7
#   show NAME VALUE     NAME=VALUE
#   check TEXT CMD…     shows TEXT and ends the script unless the command succeeds
#   start_endpoint      starts endpoint.py; its address is $ENDPOINT, what it got is in $ARRIVED
#   arrived N           waits for the N-th request at the endpoint and shows it: $ARRIVED/N.head and $ARRIVED/N.body
#   header N NAME       that header of the N-th request
#
# $ADMIN is the administrator's Authorization header, $JSON the Content-Type of JSON.
set -euo pipefail

for needed in POSTHORN_URL POSTHORN_ADMIN_KEY; do
  if [[ -z ${!needed:-} ]]; then
    cat >&2 <<TEXT
$0 walks through a vendor's page against a running server:

  POSTHORN_ADMIN_KEY=… posthorn serve --data DIR --listen 127.0.0.1:8080 --allow-peer 127.0.0.0/8
  POSTHORN_ADMIN_KEY=… POSTHORN_URL=http://127.0.0.1:8080 bash $0

$needed is not set. (--allow-peer lets the server send to the endpoint that the script starts on this machine.)
TEXT
    exit 2
  fi
done

walk_folder=$(dirname "${BASH_SOURCE[0]}")
ARRIVED=$(mktemp -d)
ANSWER=
# Used by the commands, and the same in each.
ADMIN="Authorization: Bearer $POSTHORN_ADMIN_KEY"
JSON='Content-Type: application/json'
export ARRIVED ANSWER ADMIN JSON

say() { printf '\n== %s\n' "$*"; }

# The answer's status stands below its body.
curl() { command curl --silent --show-error --max-time 30 --write-out '\n%{http_code}' "$@"; }

run() {
  local command output
  command=$(cat)
  printf '\n$ %s\n' "$command"
  output=$(eval "$command")
  ANSWER=${output%$'\n'*}
  printf '%s\n%s\n' "${output##*$'\n'}" "$ANSWER"
  # shellcheck disable=SC2053 # a pattern
  if [[ ${output##*$'\n'} != $1 ]]; then
    echo "expected $1" >&2
    exit 1
  fi
}

member() {
  python3 -c '
import json, sys
value = json.loads(sys.argv[1])
for name in sys.argv[2].split("."):
    if isinstance(value, list) and "=" in name:
        key, wanted = name.split("=")
        value = next(item for item in value if str(item[key]) == wanted)
    else:
        value = value[int(name) if isinstance(value, list) else name]
print(value if isinstance(value, str) else json.dumps(value))' "$1" "$2"
}

show() {
  printf -v "$1" '%s' "$2"
  printf "\n%s='%s'\n" "$1" "$2"
}

keep() { show "$1" "$(member "$ANSWER" "$2")"; }

check() {
  local text=$1
  shift
  if ! "$@"; then
    echo "not so: $text" >&2
    exit 1
  fi
  printf 'yes: %s\n' "$text"
}

wait_for_file() {
  local left
  for ((left = 300; left > 0; --left)); do
    if [[ -f $1 ]]; then return; fi
    sleep 0.1
  done
  echo "nothing came within 30 s" >&2
  exit 1
}

start_endpoint() {
  printf '\n$ python3 examples/endpoint.py %s &\n' "$ARRIVED"
  python3 "$walk_folder/endpoint.py" "$ARRIVED" >"$ARRIVED/log" &
  trap 'kill '"$!"' 2>/dev/null; rm -rf "$ARRIVED"' EXIT
  wait_for_file "$ARRIVED/url"
  show ENDPOINT "$(cat "$ARRIVED/url")"
}

arrived() {
  wait_for_file "$ARRIVED/$1.head"
  printf '\n-- arrived at the endpoint: request %s\n%s\n\n%s\n--\n' "$1" "$(cat "$ARRIVED/$1.head")" "$(cat "$ARRIVED/$1.body")"
}

lacks() { [[ $1 != *"$2"* ]]; }

header() { sed -n "s/^$2: //Ip" "$ARRIVED/$1.head"; }
