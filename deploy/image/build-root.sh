#!/bin/sh
# Makes the image's root filesystem where there is no registry: from Debian's packages, or from the root of a Debian that is there,
# and from a binary that cargo has built. What comes out is a folder, or an archive that `docker import`, `podman import` and
# `ctr image import` take.
#
#   deploy/image/build-root.sh [--from ROOT] [--binary FILE] [--archive FILE] FOLDER
#
#   --from ROOT      takes the libraries from this root (/ for this machine's) instead of fetching packages with debootstrap
#   --binary FILE    target/release/onqueue otherwise
#   --archive FILE   also writes FOLDER as a tar file, with commands how to import it
#
# The image's own settings (user, command, health check) are not in a root filesystem: the archive is imported with them.
set -eu

from=""
binary="$(dirname "$0")/../../target/release/onqueue"
archive=""
suite="bookworm"
while [ $# -gt 1 ]; do
    case "$1" in
    --from) from="$2" ;;
    --binary) binary="$2" ;;
    --archive) archive="$2" ;;
    *)
        echo "there is no option $1" >&2
        exit 2
        ;;
    esac
    shift 2
done
if [ $# -ne 1 ] || [ "${1#--}" != "$1" ]; then
    sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi
folder="$1"

if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ]; then
    echo "$folder is not empty" >&2
    exit 1
fi
if [ ! -x "$binary" ]; then
    echo "$binary is not there: cargo build --release --package onqueue" >&2
    exit 1
fi
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

# Copies a file of the root that we take from, and whatever its links lead to.
take() {
    path="$1"
    while :; do
        mkdir -p "$folder$(dirname "$path")"
        cp --no-dereference --preserve=mode,timestamps "${from%/}$path" "$folder$path"
        [ -L "${from%/}$path" ] || break
        target="$(readlink "${from%/}$path")"
        case "$target" in
        /*) path="$target" ;;
        *) path="$(realpath --no-symlinks "$(dirname "$path")/$target")" ;;
        esac
    done
}

# The libraries that the binary is linked with, by the dynamic loader's own word.
libraries() {
    LD_TRACE_LOADED_OBJECTS=1 "$binary" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
}

if [ -n "$from" ]; then
    # A Debian root joins /lib and /usr/lib: so does ours, so that every path means the same.
    mkdir -p "$folder/usr/lib" "$folder/usr/lib64"
    ln -s usr/lib "$folder/lib"
    ln -s usr/lib64 "$folder/lib64"
    # Names are looked up with the first two at run time.
    {
        libraries
        find "${from%/}"/lib/*-linux-gnu* -maxdepth 1 \( -name 'libnss_files.so.2' -o -name 'libnss_dns.so.2' -o -name 'libresolv.so.2' \) |
            sed "s|^${from%/}||"
    } | sort -u | while read -r library; do take "$library"; done
    if [ -e "${from%/}/etc/ssl/certs/ca-certificates.crt" ]; then
        take /etc/ssl/certs/ca-certificates.crt
    fi
    mkdir -p "$folder/etc"
    printf 'hosts: files dns\n' >"$folder/etc/nsswitch.conf"
else
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder"
    rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder"/usr/share/doc/* "$folder"/usr/share/man/*
fi

mkdir -p "$folder/etc" "$folder/usr/local/bin" "$folder/tmp" "$folder/proc" "$folder/dev" "$folder/certs" \
    "$folder/var/lib/onqueue" "$folder/run" "$folder/usr/share/doc/onqueue"
chmod 1777 "$folder/tmp"
[ -e "$folder/etc/passwd" ] || printf 'root:x:0:0:root:/root:/usr/sbin/nologin\n' >"$folder/etc/passwd"
[ -e "$folder/etc/group" ] || printf 'root:x:0:\n' >"$folder/etc/group"
printf 'onqueue:x:10001:10001::/var/lib/onqueue:/usr/sbin/nologin\n' >>"$folder/etc/passwd"
printf 'onqueue:x:10001:\n' >>"$folder/etc/group"
cp "$(dirname "$0")/../../LICENSE" "$folder/usr/share/doc/onqueue/LICENSE"
strip --strip-all -o "$folder/usr/local/bin/onqueue" "$binary"
chmod 0755 "$folder/usr/local/bin/onqueue"
if [ "$(id -u)" = 0 ]; then
    chown 10001:10001 "$folder/var/lib/onqueue" "$folder/certs"
fi
chmod 0750 "$folder/var/lib/onqueue" "$folder/certs"

if [ -n "$archive" ]; then
    tar --create --file "$archive" --numeric-owner --sort=name -C "$folder" .
    cat <<END
docker import --change 'USER 10001:10001' --change 'WORKDIR /var/lib/onqueue' --change 'STOPSIGNAL SIGTERM' \\
  --change 'ENTRYPOINT ["/usr/local/bin/onqueue"]' --change 'CMD ["serve"]' \\
  --change 'HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 CMD ["/usr/local/bin/onqueue", "healthcheck"]' \\
  '$archive' onqueue:0.1.0
END
fi
