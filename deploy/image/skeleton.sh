#!/bin/sh
# Copies the manifests of the workspace's crates, with sources that hold nothing: enough for cargo to compile what they depend on.
#
#   deploy/image/skeleton.sh FROM TO
set -eu
from="$1"
to="$2"

cd "$from"
find libs services tests xtask -name Cargo.toml | while read -r manifest; do
    crate="$(dirname "$manifest")"
    mkdir -p "$to/$crate/src"
    cp "$manifest" "$to/$manifest"
    : >"$to/$crate/src/lib.rs"
    for program in "$crate"/src/main.rs "$crate"/src/bin/*.rs "$crate"/src/bin/*/main.rs "$crate"/build.rs; do
        if [ -e "$program" ]; then
            mkdir -p "$to/$(dirname "$program")"
            printf 'fn main() {}\n' >"$to/$program"
        fi
    done
    # What a manifest names has to be there, whatever it holds.
    sed -n 's/^path = "\(.*\.rs\)"$/\1/p' "$manifest" | while read -r named; do
        mkdir -p "$to/$crate/$(dirname "$named")"
        [ -e "$to/$crate/$named" ] || printf 'fn main() {}\n' >"$to/$crate/$named"
    done
done
