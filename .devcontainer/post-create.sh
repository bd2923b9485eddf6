#!/usr/bin/env bash
# Makes a new container ready: packages, a build, and the programs that some tests use. Without them, these tests are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

sudo apt-get update -qq
sudo apt-get install -y -qq --no-install-recommends chromium ffmpeg nats-server
npm ci
npm run build
echo "Ready: npm start runs a quickstart, npm run test:unit the fast tests, node dist/cli/main.js emulator the gallery."
