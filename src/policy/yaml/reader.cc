// The strict reader, over the events of libyaml.
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/encoding.h"
#include "base/text.h"
#include "policy/yaml/node.h"

namespace watchword::yaml {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : ready_(yaml_parser_initialize(&parser_) == 1) {
    if (!ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, as_bytes(text).data(), text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  bool next(yaml_event_t& event) { return ready_ && yaml_parser_parse(&parser_, &event) == 1; }
  const yaml_parser_t& raw() const { return parser_; }

 private:
  yaml_parser_t parser_{};
  bool ready_;
};

struct Event : yaml_event_t {
  Event() : yaml_event_t{} {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(this); }
};

Position position(const yaml_mark_t& mark) {
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}
std::string_view text_of(const yaml_char_t* text) { return reinterpret_cast<const char*>(text); }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

class Reader {
 public:
  Reader(std::string_view file, std::string_view text, Reason reason, const Limits& limits)
      : file_(file), text_(text), reason_(reason), limits_(limits), parser_(text) {}

  std::expected<Node, std::vector<Error>> read() {
    std::optional<Node> root;
    if (readable()) root = document();
    if (!errors_.empty() || !root) return std::unexpected(std::move(errors_));
    return *std::move(root);
  }

 private:
  void refuse(Position at, std::string found, std::string expected, std::string fix = {}) {
    errors_.push_back({reason_, std::move(found), std::move(expected), place(file_, at), std::move(fix)});
  }

  // Before libyaml sees it: parsers disagree on tabs, on what breaks a line and on byte order marks, and people do not
  // see what is invisible.
  bool readable() {
    if (text_.size() > limits_.max_bytes) {
      refuse({}, fmt::format("{} bytes", text_.size()), fmt::format("at most {} bytes", limits_.max_bytes));
      return false;
    }
    Position at;
    for (std::string_view rest = text_; !rest.empty();) {
      if (rest[0] >= ' ' && rest[0] <= '~') {
        rest.remove_prefix(1);
        ++at.column;
        continue;
      }
      const auto [code, length] = first_utf8_character(rest);
      if (rest.starts_with('\n') || rest.starts_with("\r\n")) {
        rest.remove_prefix(rest[0] == '\r' ? 2 : 1);
        at = {at.line + 1, 1};
        continue;
      }
      const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
      if (const std::string shown = printable(character); shown != character) {
        if (length == 0)
          refuse(at, "a byte that is not valid UTF-8 (" + shown + ")", "UTF-8 text");
        else if (code == U'\t')
          refuse(at, "a tab", "spaces");
        else
          refuse(at, "an invisible or control character (" + shown + ")", "text that people can see");
        return false;
      }
      rest.remove_prefix(length);
      ++at.column;
    }
    return true;
  }

  bool next(Event& event) {
    if (parser_.next(event)) return true;
    const yaml_parser_t& raw = parser_.raw();
    const std::string problem = raw.problem == nullptr ? "text that is not YAML" : raw.problem;
    const std::string context = raw.context == nullptr ? "" : std::string(" ") + raw.context;
    // What most often is meant by the text that gives these errors.
    const bool quotes = problem.starts_with("mapping values are not allowed") || context.ends_with("an alias") ||
                        problem.ends_with("cannot start any token");
    refuse(position(raw.problem_mark), problem + context, "YAML 1.2",
           quotes ? "put quotes around a value that holds ': ' or begins with *, &, %, @ or `" : "");
    return false;
  }

  std::optional<Node> document() {
    Event start, begin, content, end, more;
    if (!next(start) || !next(begin)) return std::nullopt;
    if (begin.type != YAML_DOCUMENT_START_EVENT) {
      refuse({}, "an empty file", "a document");
      return std::nullopt;
    }
    const auto& head = begin.data.document_start;
    if (head.version_directive != nullptr || head.tag_directives.start != head.tag_directives.end)
      refuse(position(begin.start_mark), "a directive (%)", "a document without directives");
    if (!next(content)) return std::nullopt;
    std::optional<Node> root = node(content, 1);
    if (!root || !next(end) || !next(more)) return std::nullopt;
    if (more.type != YAML_STREAM_END_EVENT) refuse(position(more.start_mark), "a second document", "one document");
    return root;
  }

  // nullopt when the reading cannot go on.
  std::optional<Node> node(const Event& event, std::size_t depth) {
    Node out;
    out.at = position(event.start_mark);
    if (depth > limits_.max_depth) {
      refuse(out.at, "deeper nesting", fmt::format("at most {} levels", limits_.max_depth));
      return std::nullopt;
    }
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        scalar(event, out);
        return out;
      case YAML_SEQUENCE_START_EVENT:
        out.type = Type::list;
        plain_only(out.at, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        return items(out, depth) ? std::optional(std::move(out)) : std::nullopt;
      case YAML_MAPPING_START_EVENT:
        out.type = Type::object;
        plain_only(out.at, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        return entries(out, depth) ? std::optional(std::move(out)) : std::nullopt;
      case YAML_ALIAS_EVENT:
        refuse(out.at, fmt::format("the alias *{}", text_of(event.data.alias.anchor)), "the value itself",
               "write the value out, or put quotes around it if the * belongs to it");
        return out;
      case YAML_NO_EVENT:
      case YAML_STREAM_START_EVENT:
      case YAML_STREAM_END_EVENT:
      case YAML_DOCUMENT_START_EVENT:
      case YAML_DOCUMENT_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        break;
    }
    refuse(out.at, "text that is not YAML", "a value");
    return std::nullopt;
  }

  void plain_only(Position at, const yaml_char_t* anchor, const yaml_char_t* tag) {
    if (anchor != nullptr) refuse(at, fmt::format("the anchor &{}", text_of(anchor)), "a value without an anchor");
    if (tag != nullptr) refuse(at, fmt::format("the tag {}", text_of(tag)), "a value without a tag");
  }

  void scalar(const Event& event, Node& out) {
    const auto& scalar = event.data.scalar;
    plain_only(out.at, scalar.anchor, scalar.tag);
    out.text = as_text({scalar.value, scalar.length});
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const bool quoted =
        scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE || scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    out.type = plain ? type_of_plain(out.text) : Type::string;
    // An escape or a folded line makes the source longer than its text.
    const std::uint32_t quote = quoted ? 1 : 0;
    out.verbatim = (plain || quoted) && event.start_mark.line == event.end_mark.line &&
                   event.end_mark.column - event.start_mark.column == characters(out.text) + 2U * quote;
    out.text_column = out.at.column + quote;
  }

  bool items(Node& list, std::size_t depth) {
    for (;;) {
      Event event;
      if (!next(event)) return false;
      if (event.type == YAML_SEQUENCE_END_EVENT) return true;
      std::optional<Node> item = node(event, depth + 1);
      if (!item) return false;
      list.items.push_back(*std::move(item));
    }
  }

  bool entries(Node& object, std::size_t depth) {
    std::unordered_map<std::string, Position> seen;
    for (;;) {
      Event key_event, value_event;
      if (!next(key_event)) return false;
      if (key_event.type == YAML_MAPPING_END_EVENT) return true;
      const std::optional<Node> key = node(key_event, depth + 1);
      if (!key || !next(value_event)) return false;
      std::optional<Node> value = node(value_event, depth + 1);
      if (!value) return false;
      if (!check_key(*key, key_event)) continue;
      const auto [first, fresh] = seen.emplace(key->text, key->at);
      if (!fresh)
        refuse(key->at, fmt::format("the key '{}' a second time", key->text),
               fmt::format("each key once; it stands at {} already", place(file_, first->second)));
      else
        object.entries.push_back({{key->text, key->at}, *std::move(value)});
    }
  }

  bool check_key(const Node& key, const Event& event) {
    if (key.type != Type::string)
      refuse(key.at, fmt::format("{} as a key", name(key.type)), "a string", "put quotes around the key");
    else if (key.text.empty())
      refuse(key.at, "an empty key", "a word");
    else if (key.text == "<<" && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
      refuse(key.at, "a merge key (<<)", "the keys themselves");
    else
      return true;
    return false;
  }

  std::string_view file_, text_;
  Reason reason_;
  Limits limits_;
  Parser parser_;
  std::vector<Error> errors_;
};

}  // namespace

std::expected<Node, std::vector<Error>> read(std::string_view file, std::string_view text, Reason reason,
                                             const Limits& limits) {
  return Reader(file, text, reason, limits).read();
}

}  // namespace watchword::yaml
