// From a YAML tree to typed values, noting every error rather than the first, each with its place and the nearest word.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/yaml/node.h"

namespace watchword::yaml {

// Of one file. The getters give nullopt (or null) when they have noted an error.
class Decoder {
 public:
  Decoder(std::string file, Reason reason) : file_(std::move(file)), reason_(reason) {}

  void refuse(Position at, std::string found, std::string expected, std::string fix = {});
  // An error of another parser, of the value at `node`: its place becomes the file's, its reason stays.
  void refuse(const Node& node, Error error);
  // Neither a known word nor near to one? Then `expected` lists the words. "did you mean" goes into the fix.
  void refuse_word(Position at, std::string_view kind, std::string_view found, std::span<const std::string> words);

  std::optional<std::string> string(const Node& node);  // not empty
  std::optional<bool> boolean(const Node& node);
  std::optional<std::int64_t> integer(const Node& node, std::int64_t min, std::int64_t max);
  std::optional<Duration> duration(const Node& node, Duration min, Duration max);  // "90s", "15m"
  std::optional<Time> time(const Node& node);                                      // RFC 3339
  const std::vector<Node>* list(const Node& node);                                 // not empty
  const std::vector<Node::Entry>* object(const Node& node);                        // may be empty
  std::optional<std::vector<std::string>> strings(const Node& node);               // a list of strings, or one string
  template <class E>
  std::optional<E> word(const Node& node, std::initializer_list<std::pair<std::string_view, E>> words);

  std::string where(Position at) const { return place(file_, at); }
  const std::string& file() const { return file_; }
  Reason reason() const { return reason_; }
  bool ok() const { return errors_.empty(); }
  std::vector<Error> take_errors() { return std::move(errors_); }

 private:
  std::nullopt_t refuse_type(const Node& node, std::string expected, std::string fix = {});
  std::string file_;
  Reason reason_;
  std::vector<Error> errors_;
};

// The fields of an object with known keys. read() leaves `out` as it is when the field is absent or wrong (then an
// error is noted), so that defaults are the members' initialisers. Borrows the decoder and the node.
class Object {
 public:
  // Notes an error when `node` is no object (it then counts as empty), and for each unknown key. `kind` names it in
  // messages: "resource".
  Object(Decoder& decoder, const Node& node, std::string_view kind, std::initializer_list<std::string_view> known);

  const Node* find(std::string_view key) const;  // null when absent
  const Node* require(std::string_view key);     // an error is noted when absent
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read(std::string_view key, std::int64_t& out, std::int64_t min = 0,
            std::int64_t max = std::numeric_limits<std::int64_t>::max());
  void read(std::string_view key, Duration& out, Duration min, Duration max);
  template <class E>
  void read(std::string_view key, E& out, std::initializer_list<std::pair<std::string_view, E>> words) {
    if (const Node* node = find(key); node != nullptr)
      if (const auto value = decoder_.word<E>(*node, words)) out = *value;
  }
  Position at() const { return node_.at; }

 private:
  Decoder& decoder_;
  const Node& node_;
  std::string kind_;
  std::vector<std::string> known_;
};

template <class E>
std::optional<E> Decoder::word(const Node& node, std::initializer_list<std::pair<std::string_view, E>> words) {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) {
    if (node.type == Type::string && node.text == name) return value;
    names.emplace_back(name);
  }
  if (node.type == Type::list || node.type == Type::object)
    refuse_type(node, "a word");
  else
    refuse_word(node.at, "", node.text, names);
  return std::nullopt;
}

}  // namespace watchword::yaml
