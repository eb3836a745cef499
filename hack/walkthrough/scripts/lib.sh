# shellcheck shell=bash
# What the walkthrough's scripts share: the commands people type today, and a line for each row that was seen.
#
# Given by the caller: ARM and CONTROL, the simulator's endpoints; REQUESTS_CA_BUNDLE, the certificate of the first; STORE, a folder
# that is served at STORE_URL; WORK, a folder of the caller's own.
set -euo pipefail
: "${ARM:?}" "${CONTROL:?}" "${REQUESTS_CA_BUNDLE:?}" "${STORE:?}" "${STORE_URL:?}" "${WORK:?}"
export AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_ONLY_SHOW_ERRORS=yes AZURE_CONFIG_DIR="${AZURE_CONFIG_DIR:-$WORK/azure}"

here=$(dirname "${BASH_SOURCE[0]}")
group=shop-rg
subscription=00000000-0000-0000-0000-000000000000
group_id=/subscriptions/$subscription/resourceGroups/$group
images=$group_id/providers/Microsoft.Compute/images
set_id() { echo "$group_id/providers/Microsoft.Compute/virtualMachineScaleSets/$1"; }

# Seeing.

# row NAME SEEN runs the function NAME and says in one line whether SEEN was seen. A row that fails shows what it printed, and the
# next one still runs.
failures=0
row() {
  local began=$SECONDS out code
  set +e
  out=$(set -e; "$1" 2>&1)
  code=$?
  set -e
  if [ $code = 0 ]; then
    echo "row $1 passed ($((SECONDS - began)) s): $2"
  else
    failures=$((failures + 1))
    echo "row $1 FAILED ($((SECONDS - began)) s): $2"
    sed 's/^/    /' <<< "$out"
  fi
}

# finish is the last line of a script of rows.
finish() { [ $failures = 0 ]; }

# same WHAT GOT WANT ends the row unless the two are the same; how they are spaced does not matter.
same() {
  local got want
  got=$(xargs <<< "$2") want=$(xargs <<< "$3")
  [ "$got" = "$want" ] || { echo "$1: got '$got', want '$want'"; exit 1; }
}

# same_outdated SET IDS [WHAT] wants just these instances to be outdated. Its own line tells when az fails, which it would not within
# an argument: nothing printed would be as good as nothing outdated.
same_outdated() {
  local got
  got=$(outdated "$1")
  same "outdated${3:+ $3}" "$got" "$2"
}

# none_lost ANSWERS PAGE wants every line of a file to be PAGE, and so many of them that they say something.
none_lost() {
  local asked
  asked=$(wc -l < "$1")
  [ "$asked" -ge 20 ] || { echo "$asked answers are too few to say that none was lost"; exit 1; }
  same "requests lost of $asked" "$(grep -vcx "$2" "$1" || true)" 0
}

# keep and kept carry something from one row to the next.
keep() { echo "$2" > "$WORK/$1"; }
kept() { cat "$WORK/$1"; }

# The cloud.

# log_in makes the simulator a cloud of the CLI's, as anybody does with a cloud of their own.
log_in() {
  if az account show -o none 2>/dev/null; then return; fi
  az cloud register --name simulated --profile 2020-09-01-hybrid \
    --endpoint-resource-manager "$ARM" --endpoint-active-directory "$ARM" \
    --endpoint-active-directory-resource-id https://management.azure.com --endpoint-active-directory-graph-resource-id "$ARM"
  az cloud set --name simulated
  az login --service-principal --tenant adfs --username 11111111-1111-1111-1111-111111111111 --password any -o none
  az group create --name "$group" --location eastus -o none
}

# marketplace is a public image; custom NAME one of ours.
marketplace=Canonical:ubuntu-24_04-lts:server:24.04.202611100
custom() { echo "$images/$1"; }

# packer NAME PAGE stands in for building an image whose machines serve a page.
packer() {
  curl -sSf -o "$WORK/packer.out" -X PUT "$CONTROL/images" -d "{\"id\": \"$images/$1\", \"files\": {\"index.html\": \"$2\n\"}}"
}

# make_set NAME IMAGE BALANCER makes a scale set of 3 behind the set's own pools.
make_set() {
  az vmss create -g "$group" -n "$1" --image "$2" --instance-count 3 --upgrade-policy-mode Manual --disable-overprovision -o none \
    --vm-sku Standard_D2s_v3 --admin-username azureuser --admin-password 'Simulated!1x' --authentication-type password \
    --vnet-name web --subnet web --load-balancer "$3" --backend-pool-name "$1" --lb-nat-pool-name "$1-nat"
}

# set_script NAME FILE makes FILE, from the store, what the machines' custom script extension runs.
set_script() {
  az vmss extension set -g "$group" --vmss-name "$1" --name CustomScript --publisher Microsoft.Azure.Extensions --version 2.1 -o none \
    --settings "{\"fileUris\": [\"$STORE_URL/$2\"], \"commandToExecute\": \"sh $2\"}"
}

set_image() {
  az vmss update -g "$group" -n "$1" -o none \
    --set "virtualMachineProfile.storageProfile.imageReference.id=$images/$2"
}

# The commands of the practice.
outdated() { az vmss list-instances -g "$group" -n "$1" --query "[?latestModelApplied==\`false\`].instanceId" -o tsv; }
instances() { az vmss list-instances -g "$group" -n "$1" --query "[].instanceId" -o tsv; }
image_names() {
  az vmss list-instances -g "$group" -n "$1" --query "[].storageProfile.imageReference.id" -o tsv | sed 's|.*/||' | xargs
}
update() { local set=$1; shift; az vmss update-instances -g "$group" -n "$set" --instance-ids "$@"; }

# update_alone SET ID URL updates one instance and looks meanwhile: it must be seen being updated, never with another one, and URL
# must answer all the time.
update_alone() {
  local state busy most=0
  update "$1" "$2" &
  while kill -0 $! 2> /dev/null; do
    state=$(seen_by_azure "$1")
    busy=$(grep -c '"state": "Updating"' <<< "$state" || true)
    if [ "$busy" -gt "$most" ]; then most=$busy; fi
    page "$3" > "$WORK/page.out"
    sleep 0.1
  done
  wait $!
  same "most instances seen being updated at a time while $2 was" "$most" 1
}

# shellcheck source=network.sh
. "$here/network.sh"

# Pages. curl opens a connection for each, and load balancers choose for each connection.
page() { curl -sS --fail --max-time 5 "$1"; }
pages() { local i; for ((i = 0; i < $2; i++)); do page "$1"; done; }

# count PAGE TEXT counts the lines that are PAGE.
count() { grep -cx "$1" <<< "$2" || true; }

# machine_pages BALANCER SET asks each machine by itself.
machine_pages() { local url; for url in $(addresses "$1" "$2"); do page "$url"; done; }

# seen_by_azure NAME is what really happens to the machines, without asking ARM.
seen_by_azure() { curl -sSf "$CONTROL/instances?scaleSet=$(set_id "$1")"; }
