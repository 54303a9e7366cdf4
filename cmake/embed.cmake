# The bytes of the file FROM as the array NAME of the header TO (cmake -DFROM= -DTO= -DNAME= -P).
file(READ ${FROM} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${TO} "#pragma once\n\ninline constexpr unsigned char ${NAME}[] = {${bytes}};\n")
