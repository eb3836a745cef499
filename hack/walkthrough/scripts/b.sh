#!/usr/bin/env bash
# Part B of the walkthrough, by hand: releases by image.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

B1() {
  packer nginx-base-image "nginx base"
  make_balancer images images
  make_set images "$(custom nginx-base-image)" images
  same "images of the instances" "$(image_names images)" "nginx-base-image nginx-base-image nginx-base-image"
  same "pages of the machines" "$(machine_pages images images)" "nginx base nginx base nginx base"
}

B2() {
  packer nginx-updated-image "nginx updated"
  set_image images nginx-updated-image
  same_outdated images "0 1 2"
  same "images of the instances" "$(image_names images)" "nginx-base-image nginx-base-image nginx-base-image"
  same "pages of the machines" "$(machine_pages images images)" "nginx base nginx base nginx base"
}

B3() {
  update images 0 2
  same_outdated images "1"
  same "images of the instances" "$(image_names images)" "nginx-updated-image nginx-base-image nginx-updated-image"
  same "pages of the machines" "$(machine_pages images images)" "nginx updated nginx base nginx updated"
  update images "*"
  same "images of the instances" "$(image_names images)" "nginx-updated-image nginx-updated-image nginx-updated-image"
  same "pages of the machines" "$(machine_pages images images)" "nginx updated nginx updated nginx updated"
}

log_in
row B1 "instances report the base image"
row B2 "running instances keep the base image"
row B3 "only the chosen ones report the updated image; after '*' all do"
finish
