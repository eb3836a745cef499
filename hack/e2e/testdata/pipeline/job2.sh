#!/bin/sh
# Job 2: deploy to all the rest, and wait until it is there and well.
#
#   job2.sh REMOTE SECONDS
set -eu
. "$(dirname "$0")/lib.sh"
checkout "$1"
release '{"spec":{"strategy":{"canary":{"percent":100}}}}' "Deploy to all"
await "$2"
