#!/bin/sh
# Stands in for the real thing: nothing is installed on the machine that the walkthrough runs on.
set -eu
echo "nginx v2" > "$WEB_ROOT/index.html"
