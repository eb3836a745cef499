#!/usr/bin/env bash
# The canary by hand, of a scale set and by script or image: one of three, a look at it, then the rest one by one.
#   canary.sh start SET script|image    everything has the old release: where both sides begin
#   canary.sh play SET script|image     the canary
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# write WHICH makes the old or the new release the model's.
write() {
  case $kind-$1 in
    script-old) set_script "$set" install_nginx.sh ;;
    script-new) set_script "$set" install_nginx_v2.sh ;;
    image-old) set_image "$set" nginx-base-image ;;
    image-new) set_image "$set" nginx-updated-image ;;
  esac
}
declare -A fresh=([script]="nginx v2" [image]="nginx updated")

start() {
  log_in
  if ! az vmss show -g "$group" -n "$set" -o none 2> "$WORK/show.err"; then
    cp "$here"/install_nginx*.sh "$STORE/"
    packer nginx-base-image "nginx base"
    packer nginx-updated-image "nginx updated"
    make_balancer "$set" "$set"
    if [ "$kind" = image ]; then make_set "$set" "$(custom nginx-base-image)" "$set"; else make_set "$set" "$marketplace" "$set"; fi
  fi
  write old
  update "$set" "*"
}

# look ID wants the new page at one machine's NAT port.
look() {
  local at
  at=$(sed -n "s/.*\"instance $1\": \"\(.*\)\".*/\1/p" "$WORK/addresses")
  same "the page of instance $1" "$(page "http://$at")" "${fresh[$kind]}"
}

play() {
  local id
  az vmss list-instance-connection-info -g "$group" -n "$set" -o json > "$WORK/addresses"
  write new
  id=$(outdated "$set" | head -1)
  update "$set" "$id"
  look "$id"
  for id in $(outdated "$set"); do
    update "$set" "$id"
    look "$id"
  done
}

set=$2 kind=$3
"$1"
