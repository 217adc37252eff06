# The front door. `make` builds, `make test` runs every test, `make install DESTDIR=…` installs. `make plugins` and
# `make install-plugins` do it for the CNI plugins alone.

PREFIX    ?= /usr
SBINDIR   ?= $(PREFIX)/sbin
BINDIR    ?= $(PREFIX)/bin
CNIBINDIR ?= /opt/cni/bin
UNITDIR   ?= $(PREFIX)/lib/systemd/system
USERDIR   ?= $(PREFIX)/lib/sysusers.d
DESTDIR   ?=

# Every plugin is the same file under the name that it is called by.
PLUGINS = bridge host-local loopback host-device macvlan ptp static portmap firewall tuning bandwidth sbr

BUILT = $(shell swift build -c release --show-bin-path)

.PHONY: all plugins test demo bench install install-plugins install-systemd uninstall format lint clean

all:
	swift build -c release

# The plugins alone, from this repository and the C libraries: no other package is fetched.
plugins:
	PODNET_PLUGINS_ONLY=1 swift build -c release --product podnet-cni

test:
	scripts/test

demo:
	scripts/demo

bench:
	scripts/bench

# Runtimes call the plugins at any moment, so a file is replaced by rename, never written in place ("text file busy").
define put_plugins
	install -d "$(DESTDIR)$(CNIBINDIR)"
	install -m 0755 "$(BUILT)/podnet-cni" "$(DESTDIR)$(CNIBINDIR)/.podnet-cni.new"
	for name in $(PLUGINS); do \
	    ln -f "$(DESTDIR)$(CNIBINDIR)/.podnet-cni.new" "$(DESTDIR)$(CNIBINDIR)/.$$name.new" && \
	    mv -fT "$(DESTDIR)$(CNIBINDIR)/.$$name.new" "$(DESTDIR)$(CNIBINDIR)/$$name" || exit 1; \
	    rm -f "$(DESTDIR)$(CNIBINDIR)/.$$name.new"; \
	done
	mv -fT "$(DESTDIR)$(CNIBINDIR)/.podnet-cni.new" "$(DESTDIR)$(CNIBINDIR)/podnet-cni"
endef

install: all
	$(put_plugins)
	install -d "$(DESTDIR)$(SBINDIR)" "$(DESTDIR)$(BINDIR)"
	install -m 0755 "$(BUILT)/podnetd" "$(DESTDIR)$(SBINDIR)/.podnetd.new"
	mv -f "$(DESTDIR)$(SBINDIR)/.podnetd.new" "$(DESTDIR)$(SBINDIR)/podnetd"
	install -m 0755 "$(BUILT)/netctl" "$(DESTDIR)$(BINDIR)/.netctl.new"
	mv -f "$(DESTDIR)$(BINDIR)/.netctl.new" "$(DESTDIR)$(BINDIR)/netctl"

install-plugins: plugins
	$(put_plugins)

# The service, and the user that it runs as. Then: systemd-sysusers && systemctl daemon-reload && systemctl enable --now podnetd
install-systemd:
	install -D -m 0644 conf/systemd/podnetd.service "$(DESTDIR)$(UNITDIR)/podnetd.service"
	install -D -m 0644 conf/systemd/podnet.conf "$(DESTDIR)$(USERDIR)/podnet.conf"

# Takes away only links of our own file: another package's plugin of the same name stays.
uninstall:
	for name in $(PLUGINS); do \
	    if [ "$(DESTDIR)$(CNIBINDIR)/$$name" -ef "$(DESTDIR)$(CNIBINDIR)/podnet-cni" ]; then \
	        rm -f "$(DESTDIR)$(CNIBINDIR)/$$name"; \
	    fi; \
	done
	rm -f "$(DESTDIR)$(CNIBINDIR)/podnet-cni" "$(DESTDIR)$(SBINDIR)/podnetd" "$(DESTDIR)$(BINDIR)/netctl" \
	    "$(DESTDIR)$(UNITDIR)/podnetd.service" "$(DESTDIR)$(USERDIR)/podnet.conf"

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

clean:
	swift package clean
