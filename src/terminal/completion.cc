#include "terminal/completion.h"

namespace watchword::terminal {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// "|token|token verify|": a word that makes none of these longer is a value.
std::string known(const std::vector<CompletionWords>& commands) {
  std::string text = "|";
  for (const auto& entry : commands)
    if (!entry.command.empty()) text += entry.command + "|";
  return "  local known='" + text + "'\n";
}

// A case of a shell function: the words before the cursor that are no options, and what may follow them.
std::string cases(const std::vector<CompletionWords>& commands) {
  std::string text;
  for (const auto& entry : commands) text += "    '" + entry.command + "') words='" + join(entry.words) + "' ;;\n";
  return text;
}

constexpr std::string_view kBash = R"(  local command='' word words=''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $known == *"|${command:+$command }$word|"* ]] && command="${command:+$command }$word"
  done
  case "$command" in
)";
constexpr std::string_view kBashEnd = R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
  [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -F _watchword watchword
)";
constexpr std::string_view kZsh = R"(  local command='' word words=''
  for word in "${(@)${(@)${=BUFFER}}[2,CURRENT-1]}"; do
    [[ $known == *"|${command:+$command }$word|"* ]] && command="${command:+$command }$word"
  done
  case "$command" in
)";
constexpr std::string_view kZshEnd = R"(  esac
  if [ -n "$words" ]; then compadd -- ${=words}; else _files; fi
}
compdef _watchword watchword
)";

std::string fish(const std::vector<CompletionWords>& commands) {
  std::string text = "set -g __watchword_known";
  for (const auto& entry : commands)
    if (!entry.command.empty()) text += " '" + entry.command + "'";
  text += R"(
function __watchword_command
    set -l words (commandline -opc)
    set -l command
    for word in $words[2..-1]
        contains -- (string join ' ' $command $word) $__watchword_known; and set -a command $word
    end
    string join ' ' $command
end
)";
  for (const auto& entry : commands)
    text += "complete -c watchword -n 'test \"$(__watchword_command)\" = \"" + entry.command + "\"' -a '" +
            join(entry.words) + "'\n";
  return text;
}

}  // namespace

int completion(const std::string& shell, const std::vector<CompletionWords>& commands, const Output& out) {
  if (shell == "fish")
    out.line(fish(commands));
  else if (shell == "zsh")
    out.line("#compdef watchword\n_watchword() {\n" + known(commands) + std::string(kZsh) + cases(commands) +
             std::string(kZshEnd));
  else
    out.line("_watchword() {\n" + known(commands) + std::string(kBash) + cases(commands) + std::string(kBashEnd));
  return kOk;
}

}  // namespace watchword::terminal
