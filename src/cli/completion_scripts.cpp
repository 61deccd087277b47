// What the shells run. They know nothing of the commands: each asks `orilla __complete WORD...`.
#include "completion.hpp"

namespace orilla::cli {
namespace {

// bash cuts words at the = and : of COMP_WORDBREAKS, and replaces only what follows the last of them.
constexpr std::string_view bash = R"(# bash completion for orilla: source <(orilla completion bash)
_orilla() {
  local line=${COMP_LINE:0:COMP_POINT} words=() i word glued out cur stops cut='' how=:done
  for ((i = 0; i <= COMP_CWORD; i++)); do
    glued=1
    [[ $i -eq 0 || $line == [[:space:]]* ]] && glued=''
    line=${line#"${line%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    [[ $i -eq $COMP_CWORD ]] && word=$line
    line=${line#"$word"}
    if [[ $glued ]]; then words[${#words[@]}-1]+=$word; else words+=("$word"); fi
  done
  COMPREPLY=()
  out=$("${words[0]}" __complete "${words[@]:1}" 2>/dev/null) || return 0
  cur=${words[${#words[@]}-1]}
  stops=${COMP_WORDBREAKS//[^=:]/}
  [[ $stops && $cur == *["$stops"]* ]] && cut=${cur%"${cur##*["$stops"]}"}
  while IFS= read -r line; do
    if [[ $line == :* ]]; then how=$line; continue; fi
    line=${line%%$'\t'*}
    COMPREPLY+=("${line#"$cut"}")
  done <<<"$out"
  [[ $cur == --*=* ]] && cur=${cur#*=}
  case $how in
    :files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    :directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    :nospace) compopt -o nospace 2>/dev/null ;;
  esac
  return 0
}
complete -F _orilla orilla
)";

constexpr std::string_view zsh = R"(#compdef orilla
# zsh completion for orilla: source <(orilla completion zsh), or a file _orilla in a directory of $fpath
_orilla() {
  local out line how=:done
  local -a names
  out=$("${words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null) || return 1
  for line in "${(@f)out}"; do
    if [[ $line == :* ]]; then how=$line; continue; fi
    names+=("${${line//:/\\:}/$'\t'/:}")
  done
  [[ $how == (:files|:directories) ]] && compset -P '*='
  case $how in
    :files) _files ;;
    :directories) _files -/ ;;
    :nospace) _describe -V orilla names -S '' ;;
    *) _describe -V orilla names ;;
  esac
}
if [[ $funcstack[1] == _orilla ]]; then _orilla "$@"; else compdef _orilla orilla; fi
)";

constexpr std::string_view fish = R"(# fish completion for orilla: orilla completion fish | source
function __orilla_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l out ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    test (count $out) -gt 0; or return
    switch $out[-1]
        case :files :directories
            set -l head (string match -r '^--[^=]*=' -- "$typed")
            for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- "$typed"))
                echo "$head$path"
            end
        case '*'
            set -e out[-1]
            printf '%s\n' $out
    end
end
complete -c orilla -f -a '(__orilla_complete)'
)";

}  // namespace

std::string_view find_completion_script(std::string_view shell) {
    if (shell == "bash") return bash;
    if (shell == "zsh") return zsh;
    return shell == "fish" ? fish : "";
}

}  // namespace orilla::cli
