#include "api/end_filter.h"

#include <array>

#include "api/admin.h"

namespace watchword::api {
namespace {

struct Field {
  std::string_view name;
  std::string EndFilter::* place;
};
constexpr std::array<Field, 6> kFilters{{{"issuer", &EndFilter::issuer},
                                         {"project", &EndFilter::project},
                                         {"pipeline", &EndFilter::pipeline},
                                         {"job", &EndFilter::job},
                                         {"user", &EndFilter::user},
                                         {"environment", &EndFilter::environment}}};

}  // namespace

bool EndFilter::matches(const access::Session& session) const {
  const auto& principal = session.principal();
  const auto fits = [](const std::string& wanted, std::string_view found) { return wanted.empty() || wanted == found; };
  static const issuer::Machine kNoMachine;
  const auto& machine = principal.machine() ? *principal.machine() : kNoMachine;
  const auto* person = principal.person();
  const bool is_user = fits(user, machine.user) || user == principal.subject ||
                       (person && (user == person->name || user == person->email));
  return is_user && fits(issuer, principal.issuer) && fits(project, machine.project) &&
         fits(pipeline, machine.pipeline) && fits(job, machine.job) && fits(environment, machine.environment);
}

Result<EndFilter> end_filter_of(const Json& body) {
  EndFilter filter;
  WW_TRY(filter.why, why_in(body));
  const auto* all = body.find("all");
  std::size_t known = (body.find("why") ? 1u : 0u) + (all ? 1u : 0u), filters = 0;
  for (const auto& [name, place] : kFilters) {
    const auto* value = body.find(name);
    if (!value) continue;
    if (!value->string() || value->string()->empty())
      return fail(Reason::request_invalid, std::string(name) + " of another type, or empty", "text");
    filter.*place = *value->string();
    ++filters;
  }
  const bool everything = all && all->boolean() && *all->boolean();
  if (!body.members() || body.members()->size() != known + filters || (filters == 0) != everything ||
      (all && !everything))
    return fail(Reason::request_invalid, "another body",
                "why, and issuer, project, pipeline, job, user or environment, or else \"all\": true");
  return filter;
}

net::Task<Result<EndFilter>> read_end_filter(http::Exchange& exchange) {
  WW_CO_TRY(const auto body, co_await read_document(exchange));
  co_return end_filter_of(body);
}

}  // namespace watchword::api
