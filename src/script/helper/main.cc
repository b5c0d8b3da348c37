// posthorn-script: the process that runs users' scripts for the server, one after the other. See script/pool.h.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "script/helper/sandbox.h"
#include "script/helper/serve.h"

int main(int argc, char** argv) {
  struct stat socket{};
  if (argc != 2 || fstat(posthorn::script::kHelperSocket, &socket) != 0 || !S_ISSOCK(socket.st_mode)) {
    std::fputs("posthorn-script is started by posthorn; it does nothing by itself.\n", stderr);
    return 2;
  }
  return posthorn::script::serve_scripts(std::strtoull(argv[1], nullptr, 10));
}
