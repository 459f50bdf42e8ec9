#!/bin/sh
# Runs the agent for a few seconds, asks it how it is, and ends it in order.
set -eu
mflua=${1:-mflua}
seconds=${SECONDS_TO_RUN:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
AGENT_INTERVAL=1s AGENT_LISTEN="unix:$folder/agent.sock" AGENT_STATE="$folder/state.json" \
    "$mflua" "$(dirname "$0")/agent.lua" &
agent=$!
sleep "$seconds"
curl --silent --unix-socket "$folder/agent.sock" http://agent/healthz
echo
curl --silent --unix-socket "$folder/agent.sock" http://agent/metrics | grep agent_checks_total
kill -TERM "$agent"
wait "$agent" || echo "the agent ended with $?"
