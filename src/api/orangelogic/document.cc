#include "api/orangelogic/document.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "json/plain_text.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;

void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') {
      out += "\xEF\xBF\xBD";
    } else {
      out += c;
    }
  }
}

bool is_xml_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_further = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_further);
}

void append_value(std::string& out, const bj::value& value);

void append_element(std::string& out, std::string_view name, const bj::value& value) {
  const bool plain = is_xml_name(name);
  out += '<';
  if (plain) {
    out += name;
  } else {
    out += "member name=\"";
    append_text(out, name);
    out += '"';
  }
  if (value.is_null()) {
    out += "/>";
    return;
  }
  out += '>';
  append_value(out, value);
  out += "</";
  out += plain ? name : std::string_view("member");
  out += '>';
}

void append_value(std::string& out, const bj::value& value) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) append_element(out, name, member);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) append_element(out, "item", item);
  } else if (const auto* text = value.if_string()) {
    append_text(out, *text);
  } else {
    out += posthorn::json::to_plain_text(value);
  }
}

}  // namespace

bool wants_xml(std::string_view accept) {
  const std::string text = to_ascii_lower(accept);
  const auto json = text.find("application/json");
  const auto xml = std::min(text.find("application/xml"), text.find("text/xml"));
  return xml != std::string::npos && xml < json;
}

std::string to_xml(const bj::object& object) {
  std::string out = R"(<?xml version="1.0" encoding="utf-8"?>)";
  append_element(out, "response", object);
  return out;
}

net::HttpResponse document_answer(const net::HttpRequest& request, int status, const bj::object& object) {
  net::HttpResponse response;
  response.status = status;
  if (wants_xml(request.headers.find("Accept"))) {
    response.content_type = "application/xml; charset=utf-8";
    response.body = to_xml(object);
  } else {
    response.body = posthorn::json::to_plain_text(object);
  }
  return response;
}

}  // namespace posthorn::api::orangelogic
