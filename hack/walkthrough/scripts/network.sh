# shellcheck shell=bash
# The network in front of scale sets: one public address and load balancer, a backend pool and a NAT pool for each set behind it.

balancer_id() { echo "$group_id/providers/Microsoft.Network/loadBalancers/$1"; }
ref() { echo "{\"id\": \"$1\"}"; }

# make_balancer NAME SET... makes a load balancer without a rule. `az network lb create` puts a template deployment, hence az rest.
make_balancer() {
  local name=$1 set first=50000 pools=() nats=()
  shift
  az rest --method put --uri "$ARM$group_id/providers/Microsoft.Network/publicIPAddresses/$name?api-version=2022-07-01" -o none --body '{
    "location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}'
  for set in "$@"; do
    pools+=("{\"name\": \"$set\"}")
    nats+=("{\"name\": \"$set-nat\", \"properties\": {\"frontendIPConfiguration\": $(ref "$(balancer_id "$name")/frontendIPConfigurations/front"),
      \"protocol\": \"Tcp\", \"frontendPortRangeStart\": $first, \"frontendPortRangeEnd\": $((first + 99)), \"backendPort\": 80}}")
    first=$((first + 100))
  done
  az rest --method put --uri "$ARM$(balancer_id "$name")?api-version=2022-07-01" -o none --body '{
    "location": "eastus", "sku": {"name": "Standard"}, "properties": {
      "frontendIPConfigurations": [{"name": "front", "properties": {
        "publicIPAddress": '"$(ref "$group_id/providers/Microsoft.Network/publicIPAddresses/$name")"'}}],
      "backendAddressPools": ['"$(IFS=,; echo "${pools[*]}")"'], "inboundNatPools": ['"$(IFS=,; echo "${nats[*]}")"']}}'
  settled "$name"
}

# settled NAME waits until Azure is done with the load balancer.
settled() {
  until [ "$(az rest --uri "$ARM$(balancer_id "$1")?api-version=2022-07-01" --query properties.provisioningState -o tsv)" = Succeeded ]; do
    sleep 1
  done
}

# lead BALANCER SET makes port 80 lead to a set. A rule that exists is replaced: that is how people switch.
lead() {
  az network lb rule create -g "$group" --lb-name "$1" --name http --protocol Tcp --frontend-ip-name front --frontend-port 80 \
    --backend-pool-name "$2" --backend-port 80 -o none
}

# public BALANCER is the public endpoint. A simulator without privileges cannot have port 80, so its control endpoint is asked.
public() {
  curl -sSf "$CONTROL/listeners" | awk -v balancer="/$1\"" '
    /"loadBalancer"/ { here = index($0, balancer) }
    /"port"/ { web = $2 + 0 == 80 }
    /"address"/ && here && web { gsub(/[",]/, "", $2); print "http://" $2 }'
}

# addresses BALANCER SET are where the set's machines are reached one by one, through their NAT ports.
addresses() {
  local ip port
  ip=$(az rest --uri "$ARM$group_id/providers/Microsoft.Network/publicIPAddresses/$1?api-version=2022-07-01" --query properties.ipAddress -o tsv)
  for port in $(az network lb inbound-nat-rule list -g "$group" --lb-name "$1" --query "[?starts_with(name, '$2-nat.')].frontendPort" -o tsv); do
    echo "http://$ip:$port"
  done
}
