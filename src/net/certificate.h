// What a certificate file says about its own validity. For people (doctor), not for verification.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace posthorn::net {

struct CertificateDates {
  Timestamp not_before;
  Timestamp not_after;
};

// Of the first certificate in the PEM file. Errors (invalid_argument) name the file.
Result<CertificateDates> certificate_dates(const std::string& file);

}  // namespace posthorn::net
