#!/bin/sh
# Serves the teams' remotes on a free port and runs the host against them.
#   demo.sh path/to/mflua
set -eu
mflua=${1:?usage: demo.sh path/to/mflua}
host=$(dirname "$0")
remotes=$host/../../remotes

address=$(mktemp)
"$mflua" serve --quiet --port 0 "$remotes" >"$address" &
server=$!
trap 'kill $server 2>/dev/null || true; rm -f "$address"' EXIT

# The server's first line ends with its address.
tries=0
until REMOTES=$(sed -n '1s/.* at //p' "$address") && [ -n "$REMOTES" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 $server 2>/dev/null; then
        echo "the server did not start" >&2
        exit 1
    fi
    sleep 0.1
done
export REMOTES
echo "remotes served at $REMOTES"
"$mflua" "$host/host.lua"
