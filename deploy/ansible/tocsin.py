"""Callback plugin that tells Tocsin what a playbook alters.

A change begins when the first task reports "changed", and ends with the playbook.
A run that alters nothing, or is made with --check, tells nothing. When Tocsin
cannot be reached the playbook goes on, with a warning.

Put this file into a folder of callback plugins and name it in ansible.cfg:

    [defaults]
    callback_plugins = ./callback_plugins
    callbacks_enabled = tocsin

    [callback_tocsin]
    url = http://127.0.0.1:9099

What was changed comes from extra variables of the run (-e), or from the
environment:

    tocsin_service      TOCSIN_SERVICE      one service or several, by commas; else the playbook's name
    tocsin_environment  TOCSIN_ENVIRONMENT
    tocsin_version      TOCSIN_VERSION
    tocsin_kind         TOCSIN_KIND         deployment (the default), config, infra, ...
    tocsin_link         TOCSIN_LINK         of the job
"""

DOCUMENTATION = """
name: tocsin
type: notification
short_description: tells Tocsin what a playbook alters
description:
  - A change begins when the first task reports a change, and ends with the playbook.
options:
  url:
    description: where Tocsin is
    default: http://127.0.0.1:9099
    env: [{name: TOCSIN_URL}]
    ini: [{section: callback_tocsin, key: url}]
  secret:
    description: one of changes.ansible.secrets
    env: [{name: TOCSIN_SECRET}]
    ini: [{section: callback_tocsin, key: secret}]
  timeout:
    description: how many seconds one report may take
    type: int
    default: 5
    env: [{name: TOCSIN_TIMEOUT}]
    ini: [{section: callback_tocsin, key: timeout}]
"""

import getpass
import json
import os
import platform
import time
import urllib.error
import urllib.request
import uuid

from ansible import context
from ansible.plugins.callback import CallbackBase

COUNTS = ("ok", "changed", "failures", "unreachable", "skipped", "rescued", "ignored")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "tocsin"
    CALLBACK_NEEDS_ENABLED = True
    CALLBACK_NEEDS_WHITELIST = True

    def __init__(self):
        super().__init__()
        self.run = str(uuid.uuid4())
        self.playbook = ""
        self.extra = {}
        self.hosts = []
        self.started = None
        self.task = ""

    def v2_playbook_on_start(self, playbook):
        self.playbook = playbook._file_name

    def v2_playbook_on_play_start(self, play):
        manager = play.get_variable_manager()
        self.extra = getattr(manager, "extra_vars", None) or {}
        if manager is not None and manager._inventory is not None:
            names = [h.get_name() for h in manager._inventory.get_hosts(play.hosts, order=play.order)]
            self.hosts = sorted(set(self.hosts) | set(names))

    def v2_runner_on_ok(self, result):
        if self.started is not None or self._pretends() or not self._changed(result):
            return
        self.started = time.time()
        self.task = result._task.get_name()
        self._send("changed")

    def v2_playbook_on_stats(self, stats):
        if self._pretends():
            return
        hosts = {host: stats.summarize(host) for host in stats.processed}
        failed = any(h["failures"] or h["unreachable"] for h in hosts.values())
        if self.started is None and not failed:
            return
        counted = {host: {name: summary.get(name, 0) for name in COUNTS} for host, summary in hosts.items()}
        self._send("finished", finished=time.time(), stats=counted)

    @staticmethod
    def _changed(result):
        told = getattr(result, "is_changed", None)
        return told() if callable(told) else bool(result._result.get("changed"))

    @staticmethod
    def _pretends():
        return bool(context.CLIARGS.get("check"))

    def _say(self, name):
        value = self.extra.get("tocsin_" + name, os.environ.get("TOCSIN_" + name.upper(), ""))
        return value if isinstance(value, str) else json.dumps(value)

    def _send(self, event, **more):
        body = {
            "event": event,
            "run": self.run,
            "playbook": self.playbook,
            "services": [s.strip() for s in self._say("service").split(",") if s.strip()],
            "environment": self._say("environment"),
            "version": self._say("version"),
            "kind": self._say("kind"),
            "link": self._say("link"),
            "user": getpass.getuser(),
            "controller": platform.node(),
            "task": self.task,
            "hosts": self.hosts,
        }
        if self.started is not None:
            body["started"] = self.started
        body.update(more)
        request = urllib.request.Request(
            self.get_option("url").rstrip("/") + "/api/v1/tocsin/changes/ansible",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        if self.get_option("secret"):
            request.add_header("Authorization", "Bearer " + self.get_option("secret"))
        try:
            with urllib.request.urlopen(request, timeout=self.get_option("timeout")) as answer:
                answer.read()
        except urllib.error.HTTPError as e:
            self._display.warning("tocsin: %s: %s" % (e, e.read(500).decode(errors="replace")))
        except OSError as e:
            self._display.warning("tocsin: %s" % e)
