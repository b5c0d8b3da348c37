// The helper's life: walls, engines, then one request after the other until the server closes the socket.
#pragma once

#include <cstddef>

namespace posthorn::script {

// `memory_bytes`: what scripts may use. The socket is kHelperSocket. The first answer says whether the helper is ready.
int serve_scripts(std::size_t memory_bytes);

}  // namespace posthorn::script
