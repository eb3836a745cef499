#!/bin/sh
# Stands in for the real thing: a demo installs nothing on the machine it runs on.
set -eu
echo "installing nginx v2"
echo "nginx v2" > "$WEB_ROOT/index.html"
