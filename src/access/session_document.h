// The part of a session that the store keeps as a JSON document.
#pragma once

#include <string>

#include "access/session.h"
#include "base/json.h"
#include "base/result.h"
#include "store/store.h"

namespace watchword::access {

// What two exchanges must share to be of one session, unique within the issuer: the job. A service or person has no
// job; there it is the identity token, so that a fresh token opens a fresh session.
std::string job_of(const issuer::Principal& principal);

std::string session_document(const Session& session);
Result<Session::Opening> opening_from_document(const store::SessionRow& row);  // store_unavailable when it is not ours

}  // namespace watchword::access
