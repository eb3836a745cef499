#!/bin/sh
# Job 1: deploy an image to a share of the machines, and wait until it is there and well.
#
#   job1.sh REMOTE IMAGE-ID PERCENT SECONDS
set -eu
. "$(dirname "$0")/lib.sh"
checkout "$1"
release "{\"spec\":{\"target\":{\"image\":{\"id\":\"$2\"}},\"strategy\":{\"canary\":{\"percent\":$3}}}}" "Deploy ${2##*/} to $3 %"
await "$4"
