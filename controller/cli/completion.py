"""`completion bash|zsh|fish`: the script a shell loads, which asks `workerctl __complete`."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  source <(workerctl completion bash)
  workerctl completion zsh > "${fpath[1]}/_workerctl"
  workerctl completion fish > ~/.config/fish/completions/workerctl.fish
"""
DESCRIPTION = """
Print a completion script: verbs, options, kinds, and the names of what runs now.
"""

BASH = r"""# bash completion of workerctl; load it with: source <(workerctl completion bash)
_workerctl() {
    local line how=
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) how=default ;;
            :folders) how=dirnames ;;
            :nospace) how=nospace ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [[ -n $how ]]; then
        compopt -o "$how" 2>/dev/null
    fi
}
complete -F _workerctl workerctl workerset
"""

ZSH = r"""#compdef workerctl workerset
# zsh completion of workerctl; put it into a folder of $fpath as _workerctl
_workerctl() {
    local line tab=$'\t'
    local -a found nospace
    for line in "${(@f)$("${words[1]}" __complete zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            '') ;;
            :files) _files; return ;;
            :folders) _files -/; return ;;
            :nospace) nospace=(-S '') ;;
            *) found+=("${${line//:/\\:}/$tab/:}") ;;
        esac
    done
    (( $#found )) && _describe -t workerctl workerctl found "${nospace[@]}"
}
if [[ $funcstack[1] == _workerctl ]]; then
    _workerctl "$@"
else
    compdef _workerctl workerctl workerset
fi
"""

FISH = r"""# fish completion of workerctl; load it with: workerctl completion fish | source
function __workerctl_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    for line in ($program __complete fish -- $words "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :folders
                __fish_complete_directories (commandline -ct)
            case :nospace
            case '*'
                echo $line
        end
    end
end
complete -c workerctl -f -a '(__workerctl_complete)'
complete -c workerset -f -a '(__workerctl_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="which shell")


def run(args: argparse.Namespace, context: Context) -> int:
    context.stdout.write(SCRIPTS[args.shell])
    return errors.OK
