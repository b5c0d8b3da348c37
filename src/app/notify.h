// Readiness for the service manager (sd_notify's protocol: a datagram to $NOTIFY_SOCKET).
#pragma once

#include <string_view>

namespace posthorn::app {

// "READY=1", "STOPPING=1", … Nothing happens when nobody asked to be told.
void notify_service_manager(std::string_view state);

}  // namespace posthorn::app
