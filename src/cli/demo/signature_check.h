// An independent check of the demo's signatures: not by the code that signed.
//
// When python3 is on the machine, its own hmac and base64 modules check what was saved of every request. Otherwise the signed
// text is put together here, from the specification, and only the HMAC itself is the library's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace posthorn::cli::demo {

struct SignedRequest {
  std::string id;
  std::string timestamp;
  std::string signature;
  std::string body;
  std::string secret;  // whsec_…
};

struct CheckedSignatures {
  std::string by;           // "python3 (hmac)"
  std::vector<bool> valid;  // one for each request
};

// `folder`: where a file with the requests may stand meanwhile.
CheckedSignatures check_signatures(const std::vector<SignedRequest>& requests, const std::string& folder);

// The second way, alone.
bool is_signed(const SignedRequest& request);

}  // namespace posthorn::cli::demo
