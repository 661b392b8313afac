# Runs a program, and ends it when whoever started this ends: that one holds the other end of our standard input, which
# closes with it, whatever it dies of. The first line of our output is the program's process id.
# Arguments: the signal that ends the program; a folder that is removed in the end unless we are told to keep it; where the
# output goes; the program.
signal=$1 folder=$2 log=$3
shift 3
"$@" </dev/null >>"$log" 2>&1 &
program=$!
echo "$program"
word=
read -r word
kill "-$signal" "$program" 2>/dev/null
wait "$program"
[ "$word" = keep ] || rm -rf -- "$folder"
