// Every mistake in a condition is found at load, at its place, with what would have been right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/condition.h"

namespace watchword::policy {
namespace {

using ::testing::HasSubstr;

struct Mistake {
  const char *text, *where, *found, *fix;
};

const Mistake kMistakes[] = {
    // names
    {"jb.ref == 'main'", "1:1", "unknown name 'jb'", "did you mean 'job'?"},
    {"job.ref.startWith('x')", "1:9", "unknown function 'startWith'", "did you mean 'startsWith'?"},
    {"true &&\n  request.metod == 'GET'", "2:11", "unknown field 'metod'", "did you mean 'method'?"},
    {"'é' == 'é' && jb", "1:15", "unknown name 'jb'", ""},
    {"['a'].all(x, y == 'a')", "1:14", "unknown name 'y'", ""},
    {"context.merge('main', 'x')", "1:9", "unknown context function 'merge'", "did you mean 'merged'?"},
    {"context.merged(into = 'main', sah = 'x')", "1:31", "unknown argument 'sah'", "did you mean 'sha'?"},
    {"type(1) == int", "1:1", "unknown function 'type'", ""},
    // calls
    {"context", "1:1", "'context' by itself", "context.merged("},
    {"context.merged", "1:1", "'context' by itself", "context.merged("},
    {"context.merged('main')", "1:9", "1 arguments", ""},
    {"context.merged(into = 'main', into = 'x')", "1:31", "'into' twice", ""},
    {"context.merged(into = 'main', 'x')", "1:31", "by name and by position", ""},
    {"context.merged(into = 'main', sha = 1)", "1:37", "an int for 'sha'", ""},
    {"size(job, job) > 1", "1:1", "size(map, map)", ""},
    {"startsWith('a', 'b')", "1:1", "startsWith(string, string)", ""},
    {"'a'.int() == 1", "1:5", "int(string)", ""},
    {"size(a = job) > 1", "1:8", "'='", ""},
    {"has(job) && true", "1:1", "has() of something else", "in a"},
    {"has(job['x'])", "1:1", "has() of something else", "in a"},
    {"job.groups.all('x', true)", "1:16", "''x''", ""},
    {"job.groups.all(x)", "1:16", "'x'", ""},
    {"job.groups.all(x, true, true)", "1:16", "2 expressions", ""},
    {"job.groups.all(if, true)", "1:16", "reserved word 'if'", ""},
    {"job.groups.all(context, true)", "1:16", "reserved word 'context'", ""},
    // types
    {"1 + 1", "1:1", "gives an int", ""},
    {"job", "1:1", "gives a map", ""},
    {"1 == 'a'", "1:1", "int == string", ""},
    {"1 < 1.0", "1:1", "int < double", "double(1)"},
    {"['a'] == [1]", "1:1", "list == list", ""},
    {"1 in ['a']", "1:1", "int in list", ""},
    {"now == 5", "1:1", "timestamp == int", ""},
    {"now + now > now", "1:1", "timestamp + timestamp", ""},
    {"[1] < [2]", "1:1", "list < list", ""},
    {"request.method + 1 == 'x'", "1:1", "string + int", ""},
    {"request.method && true", "1:1", "a string under '&&'", "compare it"},
    {"!1", "1:2", "an int under '!'", ""},
    {"1 ? true : false", "1:1", "an int before '?'", ""},
    {"true ? 1 : 'a'", "1:1", "? int : string", ""},
    {"-'a' == 'b'", "1:1", "- of a string", ""},
    {"[1].all(x, x)", "1:12", "an int as the condition of all()", ""},
    {"['a'].exists(x, x > 1)", "1:17", "string > int", ""},
    {"'a'.all(x, true)", "1:1", "all() over a string", ""},
    {"now.foo == 1", "1:5", "the field 'foo' of a timestamp", ""},
    {"'abc'[0] == 'a'", "1:1", "string[int]", ""},
    {"{1.5: true}[1]", "1:2", "a double as the key", ""},
    // times and patterns
    {"now > timestamp('2026-13-01T00:00:00Z')", "1:7", "is no timestamp", "RFC 3339"},
    {"now.getHours('Europe/Pari') > 8", "1:14", "time zone \"Europe/Pari\"", "did you mean 'Europe/Paris'?"},
    {"now.getHours('+2:00') > 8", "1:14", "time zone \"+2:00\"", ""},
    {"now.getHours('../UTC') > 8", "1:14", "time zone \"../UTC\"", ""},
    {"job.ref.matches('(')", "1:17", "missing )", ""},
    {"job.ref.matches(job.pattern)", "1:17", "a pattern that is computed", "no claim ever becomes a pattern"},
    {"job.ref.matches('((a{100}){100}){100}')", "1:17", "the pattern", ""},
    // grammar
    {"", "1:1", "the end of the expression", ""},
    {"job.ref = 'main'", "1:9", "'='", "write == to compare"},
    {"job.ref == 'a' and true", "1:16", "'and'", "write &&"},
    {"job.ref == 'a' or true", "1:16", "'or'", "write ||"},
    {"not job.ok", "1:5", "'job'", "write !"},
    {"true & false", "1:6", "'&'", ""},
    {"job.", "1:5", "the end of the expression", ""},
    {"job.in", "1:5", "'in'", ""},
    {"job.`a-b`", "1:5", "'`'", "a[\"name\"]"},
    {"(true", "1:6", "the end of the expression", ""},
    {"true)", "1:5", "')'", ""},
    {"[1, 2", "1:6", "the end of the expression", ""},
    {"[,]", "1:2", "','", ""},
    {"{1 2}", "1:4", "'2'", ""},
    {"Foo{a: 1}", "1:4", "'{'", "messages"},
    {"while == 1", "1:1", "reserved word 'while'", ""},
    {"true ? true", "1:12", "the end of the expression", ""},
    {"1 < ", "1:5", "the end of the expression", ""},
    // tokens
    {"'abc", "1:1", "a string without end", ""},
    {"'a\nb' == ''", "1:1", "a string without end", ""},
    {"'\\s' == ''", "1:2", "an unknown escape", ""},
    {"'a\\uD83D' == ''", "1:3", "no Unicode character", ""},
    {"'\\U00110000' == ''", "1:2", "no Unicode character", ""},
    {"'\\x4' == ''", "1:2", "incomplete escape", ""},
    {"b'x' == ''", "1:1", "bytes literal", "leave the 'b' out"},
    {"5u == 5", "1:1", "unsigned literal", "leave the 'u' out"},
    {"9223372036854775808 > 1", "1:1", "beyond 64 bits", ""},
    {"0x10000000000000000 > 1", "1:1", "beyond 64 bits", ""},
    {"0x > 1", "1:1", "0x without digits", ""},
    {"1e999 > 1.0", "1:1", "beyond double", ""},
    {"1abc", "1:1", "a name directly after a number", ""},
    {"true #", "1:6", "'#'", ""},
    {"\xff", "1:1", "not UTF-8", ""},
};

TEST(Condition, NamesThePlaceAndTheCureOfEveryMistake) {
  for (const Mistake& mistake : kMistakes) {
    const auto condition = Condition::compile(mistake.text);
    ASSERT_FALSE(condition) << mistake.text;
    const Error& error = condition.error();
    EXPECT_EQ(error.reason, Reason::condition_invalid) << mistake.text;
    EXPECT_EQ(error.where, mistake.where) << mistake.text << ": " << to_string(error);
    EXPECT_THAT(error.found, HasSubstr(mistake.found)) << mistake.text;
    EXPECT_THAT(error.fix, HasSubstr(mistake.fix)) << mistake.text;
    EXPECT_FALSE(error.expected.empty()) << mistake.text;
  }
}

TEST(Condition, AcceptsWhatOnlyLooksOdd) {
  for (const char* text : {"job.package == 'x'", "job['a/b.c'] == 1", "job.groups.map(g, g + 'x') == ['x']",
                           "dyn(1) == 'a' || dyn(job)", "[1].all(job, job == 1)", "context.merged('main', job.sha)",
                           "1==1?true:false", "context.deployment(environment = 'x').status == 'ok'"})
    EXPECT_TRUE(Condition::compile(text)) << text;
}

}  // namespace
}  // namespace watchword::policy
