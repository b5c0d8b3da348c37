// The walls around a helper: after close_sandbox() the process can compute, use the memory that it may have, and talk on the
// one socket. It cannot open, connect, start, signal or inspect anything; what it asks for in vain ends it.
//
// Lifecycle: shed_inheritance() first of all; then the engines are started; then close_sandbox(). There is no way back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace posthorn::script {

// Where the server puts the socket.
inline constexpr int kHelperSocket = 3;

// Lets go of what came from the server: environment, files other than the socket, privileges; ends with the server.
void shed_inheritance();

// `memory_bytes`: beyond what the process has now. Nothing when the walls stand; otherwise what could not be done.
std::optional<std::string> close_sandbox(std::size_t memory_bytes);

// The filter alone (close_sandbox() does it too).
std::optional<std::string> install_system_call_filter();

}  // namespace posthorn::script
