// CheckRequests as Envoy sends them, for the tests of envoy/.
#pragma once

#include <string>

#include "proto/ext_authz.pb.h"

namespace watchword::envoy {

// GET https://billing.gate.example.com/v1/invoices?page=2 of 192.0.2.7, for the resource billing-api.
inline wire::CheckRequest envoys_check() {
  wire::CheckRequest check;
  auto& attributes = *check.mutable_attributes();
  (*attributes.mutable_context_extensions())["watchword.resource"] = "billing-api";
  auto& source = *attributes.mutable_source()->mutable_address()->mutable_socket_address();
  source.set_address("192.0.2.7");
  source.set_port_value(4242);
  auto& http = *attributes.mutable_request()->mutable_http();
  http.set_method("GET");
  http.set_path("/v1/invoices?page=2");
  http.set_host("Billing.gate.example.com");
  http.set_scheme("https");
  auto& headers = *http.mutable_headers();
  headers[":method"] = "GET";
  headers[":path"] = "/v1/invoices?page=2";
  headers[":authority"] = "Billing.gate.example.com";
  headers[":scheme"] = "https";
  headers["accept"] = "*/*";
  return check;
}
inline wire::AttributeContext::HttpRequest& http_of(wire::CheckRequest& check) {
  return *check.mutable_attributes()->mutable_request()->mutable_http();
}

}  // namespace watchword::envoy
