// Deliveries as the API shows them; used by the lists of deliveries and by an event's own.
#pragma once

#include <string>

#include "api/kit/context.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/delivery.h"
#include "net/http_server.h"
#include "store/operations.h"

namespace posthorn::api::native {

void append_delivery(std::string& body, const domain::Delivery& delivery);
void append_attempt(std::string& body, const domain::Attempt& attempt);
net::HttpResponse delivery_page(const RequestContext& context, const store::Page<domain::Delivery>& page);

}  // namespace posthorn::api::native
