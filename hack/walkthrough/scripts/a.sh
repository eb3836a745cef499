#!/usr/bin/env bash
# Part A of the walkthrough, by hand: releases by the custom script extension, a canary among them.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

A1() {
  make_balancer web web
  make_set web "$marketplace" web
  same "instances" "$(instances web)" "0 1 2"
  same_outdated web ""
}

A2() {
  cp "$here/install_nginx.sh" "$STORE/"
  same "what the URL answers" "$(page "$STORE_URL/install_nginx.sh")" "$(cat "$here/install_nginx.sh")"
}

A3() {
  set_script web install_nginx.sh
  update web "*"
  same_outdated web ""
  same "pages of the machines" "$(machine_pages web web)" "nginx v1 nginx v1 nginx v1"
}

A4() {
  lead web web
  same "the public endpoint" "$(page "$(public web)")" "nginx v1"
}

A5() {
  cp "$here/install_nginx_v2.sh" "$STORE/"
  set_script web install_nginx.sh
  same_outdated web "" "by an unchanged URI"
  set_script web install_nginx_v2.sh
  same_outdated web "0 1 2"
  same "pages of the machines" "$(machine_pages web web)" "nginx v1 nginx v1 nginx v1"
}

A6() {
  local id seen
  id=$(instances web | head -1)
  keep canary "$id"
  update web "$id"
  seen=$(pages "$(public web)" 6)
  same "new of 6 answers" "$(count "nginx v2" "$seen")" 2
  same "old of 6 answers" "$(count "nginx v1" "$seen")" 4
}

A7() {
  local at
  at=$(az vmss list-instance-connection-info -g "$group" -n web --query "\"instance $(kept canary)\"" -o tsv)
  same "the canary's own page, at its NAT port $at" "$(page "http://$at")" "nginx v2"
}

A8() {
  # shellcheck disable=SC2046 # each id is a word
  update web $(outdated web)
  same_outdated web ""
  same "pages of the machines" "$(machine_pages web web)" "nginx v2 nginx v2 nginx v2"
}

# A9 goes back to where A6 left, and does it better.
A9() {
  local id url
  url=$(public web)
  set_script web install_nginx.sh
  update web "*"
  set_script web install_nginx_v2.sh
  update web "$(kept canary)"
  for id in $(outdated web); do
    update_alone web "$id" "$url"
  done
  same_outdated web ""
  same "pages of the machines" "$(machine_pages web web)" "nginx v2 nginx v2 nginx v2"
}

log_in
row A1 "3 instances, all at the latest model"
row A2 "the URL of install_nginx.sh answers"
row A3 "nginx answers on each of the 3"
row A4 "the public endpoint serves the page"
row A5 "the same URI changes nothing; a new one makes all outdated, and no running instance changes"
row A6 "the public endpoint answers with old and new pages interleaved: 1 new, 2 old"
row A7 "the canary's own page is the new one"
row A8 "all outdated updated at once: all new"
row A9 "one by one: never more than one being updated, and the public endpoint always answers"
finish
