#!/usr/bin/env bash
# Part D of the walkthrough, by hand: two nearly identical scale sets behind one load balancer, one of them live.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

D1() {
  local set
  cp "$here"/install_nginx*.sh "$STORE/"
  make_balancer shop blue green
  for set in blue green; do
    make_set "$set" "$marketplace" shop
    set_script "$set" install_nginx.sh
    update "$set" "*"
  done
  lead shop blue
  settled shop
  same "the public endpoint" "$(pages "$(public shop)" 3)" "nginx v1 nginx v1 nginx v1"
}

D2() {
  set_script green install_nginx_v2.sh
  update green "*"
  same "pages of the idle machines" "$(machine_pages shop green)" "nginx v2 nginx v2 nginx v2"
  same "the public endpoint" "$(pages "$(public shop)" 3)" "nginx v1 nginx v1 nginx v1"
}

# ask_on asks the public endpoint again and again until the file stop is there, and keeps every answer.
ask_on() {
  local url
  url=$(public shop)
  rm -f "$WORK/stop"
  until [ -e "$WORK/stop" ]; do
    page "$url" || echo "lost"
    sleep 0.02
  done > "$WORK/answers" 2>&1
}

# switch_to SET switches while users ask, and wants every request answered.
switch_to() {
  local asking
  ask_on &
  asking=$!
  lead shop "$1"
  settled shop
  touch "$WORK/stop"
  wait $asking
  none_lost "$WORK/answers" "nginx v[12]"
}

D3() {
  switch_to green
  same "the public endpoint" "$(pages "$(public shop)" 3)" "nginx v2 nginx v2 nginx v2"
}

D4() {
  switch_to blue
  same "the public endpoint" "$(pages "$(public shop)" 3)" "nginx v1 nginx v1 nginx v1"
}

log_in
row D1 "two scale sets behind one load balancer; the live one answers"
row D2 "the idle one is upgraded whole and tested at its own endpoints; users still see the old page"
row D3 "the rule leads to the upgraded one, and no request is lost"
row D4 "the rule leads back, and no request is lost"
finish
