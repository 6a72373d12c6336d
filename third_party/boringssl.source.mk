# BoringSSL's libcrypto out of Debian's source package, for
# boringssl.source.BUILD: one archive, all of whose sources are compiled by one
# action, since starting an action takes Bazel longer than compiling a source.
#
#   make -f THIS S=SOURCES O=OBJECTS OUT=ARCHIVE ARCH=x86_64|aarch64 TOOLS=PREFIX
include $(S)/debian/sources.mk
objects := $(patsubst %,$(O)/%.o,$(crypto_sources) $(linux_$(ARCH)_sources))

# Without the table of multiples of P-256's generator, 150 KiB: a signature is
# verified once a file. What counts in a run is assembly.
flags := -Os -std=gnu11 -fPIC -fvisibility=hidden \
  -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
  -DOPENSSL_SMALL -DNDEBUG -Wa,--noexecstack -w \
  -I$(S)/src/crypto -I$(S)/src/include

$(OUT): $(objects)
	@rm -f $@
	@$(TOOLS)ar rcsD $@ $^

$(O)/%.o: $(S)/%
	@mkdir -p $(@D)
	@$(TOOLS)gcc $(flags) -c -o $@ $<
