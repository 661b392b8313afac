#!/bin/sh
# Makes the passwords of docker-compose.yml, each in a file of its own below the folder `secrets` beside it. Files that are there
# already stay as they are: the database knows their passwords.
set -eu
folder="${1:-$(dirname "$0")/../../secrets}"
host="${ONQUEUE_DATABASE_HOST:-postgres:5432}"
umask 077
mkdir -p "$folder"

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

put() {
    if [ -e "$folder/$1" ]; then
        return
    fi
    printf '%s\n' "$2" >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}

put postgres_password "$(random)"
put store_url "postgres://onqueue:$(cat "$folder/postgres_password")@$host/onqueue"
for service in auth routing session content; do
    put "${service}_url" "postgres://onqueue_$service:$(random)@$host/onqueue"
done
# Containers read them as users of their own; nobody else on this machine gets into the folder.
chmod 0644 "$folder"/*
chmod 0700 "$folder"
