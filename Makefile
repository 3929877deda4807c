# Everything a developer runs. `make` alone lists the targets; `make test` is
# what must hold before anything lands, and what .ci/run calls.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
# Packages built and tested at a time: the suite is sized for two cores.
JOBS     ?= 2
# How long each fuzz target runs in `make test`, and in `make fuzz`.
FUZZTIME ?= 1m
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X github.com/tocsinhq/tocsin/cmd/tocsin/cli.Version=$(VERSION)

UI         := web/ui
UI_MODULES := $(UI)/node_modules/.package-lock.json
UI_DIST    := $(UI)/dist/index.html
UI_SOURCES := $(shell find $(UI)/src $(UI)/public -type f 2>/dev/null) \
              $(wildcard $(UI)/*.html $(UI)/*.ts $(UI)/*.json)

# Packages without goroutines or shared state of their own: the race detector
# finds nothing in them and makes them several times slower. Stories step the
# core from one goroutine; its loops run under the detector in app. Benches only
# measure: what they call is tested where it lives.
PURE := telemetry topology bench change/delivery change/verdict detector rca rules/condition rules/slo logs/logql ingest/remotewrite internal/lint internal/story internal/tally internal/yamldoc
MODULE      = github.com/tocsinhq/tocsin
PACKAGES    = $(shell $(GO) list ./...)
UNIT        = $(filter-out $(MODULE)/test/e2e,$(PACKAGES))
PURE_UNIT   = $(filter $(foreach p,$(PURE),$(MODULE)/$(p) $(MODULE)/$(p)/%),$(UNIT))
RACE_UNIT   = $(filter-out $(PURE_UNIT),$(UNIT))

# Under the race detector pools drop what they hold, so that what is allocated says
# nothing. Packages whose tests know of that have a test file for builds without it; in
# these, tests of allocations are run once more, without. A house rule holds the names.
RACELESS    = $(sort $(dir $(shell git grep --untracked -l '^//go:build !race' -- '*_test.go')))

# The statements of SQLite itself, which are C turned into Go, are not watched: its
# memory lies outside of the heap, where the race detector does not look; what it
# would see are the few globals of C, and every statement is three times slower for
# that. The driver, the locks and all that calls them are watched as before.
RACE := -race -gcflags=modernc.org/sqlite/lib=-race=false

# tally prints a line per package and the whole output of what failed, and adds
# to the counts in TALLY_FILE when that is set.
TALLY := $(GO) run ./internal/tally

.PHONY: help run build test lint bench fuzz ui docs story e2e compliance race cover clean \
        check-format vet unit ui-test docs-check mod-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build everything, start the daemon and a small shop that breaks
	@bin/tocsin demo

build: $(UI_DIST) ## build bin/tocsin with the user interface inside
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/tocsin ./cmd/tocsin

test: ## run everything that must hold
	@$(MAKE) --no-print-directory check-format vet mod-check ui-test unit docs-check e2e compliance
	@echo "make test: everything holds"

lint: check-format vet ## check format, go vet and the rules of the house
	$(GO) test -count=1 ./internal/lint/...

bench: ## run the Go benchmarks of all packages (PKG=./detector for one)
	$(GO) test -run '^$$' -bench . -benchmem $(or $(PKG),$(UNIT))

# A search may find what was there for long, whatever the commit: `make test` runs
# the seeds of each target and every input that ever failed, which are tests like
# others; this is for a machine that has the time. Targets are found by their name,
# so that a new one cannot be left out. At the end of its time the fuzzer may take
# its own deadline for a failure of the target: that is tried once more, unless an
# input was written that fails.
fuzz: ## search for failing inputs, a minute for each fuzz target (FUZZTIME=10m for longer)
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	fuzz() { $(GO) test -run '^$$' -fuzz "^$$2\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s -parallel $(JOBS) ./$$1 </dev/null >"$$log" 2>&1; }; \
	late() { grep -q 'context deadline exceeded' "$$log" && ! grep -q 'Failing input' "$$log"; }; \
	git ls-files -z --cached --others --exclude-standard '*_test.go' | xargs -0 grep -HoE '^func Fuzz[A-Za-z0-9_]*' | \
	sed -E 's|^(.*)/[^/]*:func (Fuzz.*)$$|\1 \2|' | sort -u | while read -r dir name; do \
		echo "fuzz $$dir $$name for $(FUZZTIME)"; \
		fuzz $$dir $$name || { late && echo "  ended late; once more" && fuzz $$dir $$name; } || { cat "$$log"; exit 1; }; \
	done

ui: $(UI_DIST) ## build the user interface into web/ui/dist

docs: ## write the generated parts of docs/ anew
	$(GO) generate ./...

story: ## run the story scripts of test/story and show each
	$(GO) test -count=1 -v ./internal/story/...

e2e: ## run the built program under a real Prometheus, load, kill and bad input
	$(GO) test -json -count=1 -timeout 20m -skip '^TestCompliance' ./test/e2e/... | $(TALLY)

compliance: ## run the public suites for our protocols against the built program
	$(GO) test -json -count=1 -timeout 15m -run '^TestCompliance' ./test/e2e/... | $(TALLY)

race: ## run all unit tests with the race detector
	$(GO) test $(RACE) -p $(JOBS) $(UNIT)

# Coverage is counted apart from races: each counter would be one more thing that the
# race detector watches, which makes tight loops twice as slow.
cover: $(UI_DIST) ## run all unit tests and print how much of the code they cover
	$(GO) test -json -vet=off -timeout 25m -p $(JOBS) -covermode=atomic -coverprofile=coverage.out $(UNIT) | $(TALLY)
	@$(GO) tool cover -func=coverage.out | awk 'END { print "coverage of all packages:", $$NF }'
	@grep -vE '/(bench|sinktest|logtest|logstest|notifytest|uitest)/' coverage.out >coverage.product; \
	$(GO) tool cover -func=coverage.product | awk 'END { print "coverage without benches and test doubles:", $$NF }'; rm coverage.product

clean: ## remove what was built (not the data of a daemon)
	rm -rf bin coverage.out $(UI)/node_modules
	find $(UI)/dist -mindepth 1 ! -name .gitkeep -delete
	$(GO) clean -testcache

# ---- parts of `make test` ----

check-format:
	@bad=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$bad" ]; then echo "not formatted; run gofmt -w on:"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

mod-check:
	$(GO) mod tidy -diff
	$(GO) mod verify

ui-test: $(UI_DIST)
	cd $(UI) && npm run check && npm test

unit: $(UI_DIST)
	$(GO) test -json -vet=off -timeout 25m -p $(JOBS) $(PURE_UNIT) | $(TALLY)
	$(GO) test -json -vet=off $(RACE) -timeout 25m -p $(JOBS) $(RACE_UNIT) | $(TALLY)
	$(GO) test -json -vet=off -run Allocat $(RACELESS:%=./%) | $(TALLY)

# Generated documentation is current when generating it changes no file.
docs-check:
	@sums() { git ls-files -z --cached --others --exclude-standard -- docs README.md | xargs -0 sha256sum; }; \
	before=$$(sums); $(MAKE) --no-print-directory docs; after=$$(sums); \
	if [ "$$before" != "$$after" ]; then \
		echo "make docs changed files; commit what it wrote:"; \
		diff <(echo "$$before") <(echo "$$after") | awk '/^[<>]/ { print "  " $$3 }' | sort -u; exit 1; \
	fi

# npm ci only when the lock file is newer than what it installed, and a build
# only when a source is newer than the last one.
$(UI_MODULES): $(UI)/package.json $(UI)/package-lock.json
	cd $(UI) && npm ci --no-audit --no-fund
	@touch $@

$(UI_DIST): $(UI_MODULES) $(UI_SOURCES)
	cd $(UI) && npm run build
	@touch $@ $(UI)/dist/.gitkeep
