# Prints what zsh offers for the last word of a line: it types the line and Tab into a zsh of its own.
# Arguments: where zsh is unpacked, the folder with the completion, the line, a file for the words.
root=$1 site=$2 line=$3 out=$4
where=($root/usr/lib/*/zsh/*(/))
module_path=($where)
zmodload zsh/zpty || exit 9
zpty shell $root/bin/zsh -f -i
say() { zpty -w shell "$1"; sleep 0.2; zpty -r -t shell heard && print -ru2 -- $heard }
say "module_path=($where) fpath=($site $root/usr/share/zsh/functions/**/*(/N)) PROMPT="
say "zmodload zsh/zle && setopt zle && autoload -Uz compinit && compinit -u -D"
# The words of a call that does not only ask go into the file.
say "compadd() { if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \"\$@\"; return \$?; fi
    local -a hits; builtin compadd -A hits \"\$@\"; print -rl -- \$hits >>$out; }"
say "bindkey '^I' complete-word; finish() { print done >>$out; exit }; zle -N finish; bindkey '^X' finish"
zpty -w -n shell "$line"$'\t'$'\x18'
for try in {1..300}; do
    zpty -r -t shell heard && print -ru2 -- $heard
    grep -qs '^done$' $out && break
    sleep 0.1
done
grep -v '^done$' $out
exit 0
