// The part of a session that the store keeps as a JSON document.
#pragma once

#include <string>

#include "access/session.h"
#include "base/json.h"
#include "base/result.h"
#include "store/store.h"

namespace watchword::access {

// What makes two tokens of one job the same job, unique within the issuer; the subject for a principal without a job.
std::string job_of(const issuer::Principal& principal);

Json session_document(const Session& session);
Result<Session::Opening> opening_from_document(const store::SessionRow& row);  // store_unavailable when it is not ours

}  // namespace watchword::access
