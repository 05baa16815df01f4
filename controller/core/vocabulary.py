"""Words that people bring along from Kubernetes, compose, supervisord, pm2, systemd, circus, "
    "process-compose
and Foreman, and what each is called here (S1.1). Data only; `foreign.py` reads it.

Words are lower-case without `_` and `-`. A target is a field of `spec`; a sentence is for what has
none, and a target with a dot is a field of a field.
"""

from __future__ import annotations

LOCAL = "this runs local processes, not containers: use command or file"
SHUTDOWN = "use stop_signal and stop_grace"
PROBE = "use readiness_probe"
LOGS = "what a worker prints is kept under .workerset/logs; log: {max_size: 10Mi, keep: 5} sets how much"
SCHEDULE = "there are no schedules: run it from a timer, or let the program wait by itself"
GROUP = "every worker is stopped with everything it started: leave it out"

TARGETS = {
    "num": "replicas numprocs numprocesses processcount scale desiredcount concurrency workers threads count",
    "command": "cmd execstart run entrypoint entry exec program",
    "file": "script path scriptfile main module",
    "args": "arguments argv scriptargs",
    "interpreter": "execinterpreter python node",
    "working_dir": "cwd directory dir chdir workdir workingdirectory workingdir",
    "env": "environment environmentvariables envvars variables vars copyenv",
    "env_files": "envfrom envfile environmentfile dotenv",
    "watch": "reload watchdirs watchpaths autoreload watchfiles develop",
    "listen": "bind socket sockets fdsocket listenstream address addresses",
    "port": "ports containerport expose targetport",
    "ready_when": "waitready readylogline type ready",
    "startup_probe": "startupprobe",
    "readiness_probe": "readinessprobe healthcheck healthchecks",
    "liveness_probe": "livenessprobe",
    "depends_on": "dependson requires wants after needs links dependencies before",
    "idle_timeout": "ttl idletime keepalive",
    "suspend": "paused disabled disable stopped",
    "restart": "restartpolicy autorestart respawn",
    "stop_signal": "killsignal stopsignal signal",
    "stop_grace": "terminationgraceperiodseconds stopgraceperiod stopwaitsecs gracefultimeout killtimeout "
    "timeoutstopsec shutdowntimeout graceperiod stoptimeout timeoutstop",
    "min_ready": "minreadyseconds startsecs minuptime startuptime listentimeout",
    "max_consecutive_failures": "startretries maxrestarts startlimitburst maxretry maxretries "
    "backofflimit retries",
    "retry_after": "restartsec restartdelay backoffseconds restartinterval expbackoffrestartdelay",
    "rollout": "strategy updatestrategy updateconfig deploymentstrategy",
    "drain_timeout": "draintimeout drainseconds",
    "nice": "niceness",
    "user": "uid runas runasuser",
    "max_threads": "maxreplicas maxworkers maxinstances maxprocesses",
    "scope": "group slice",
    "tty": "terminal istty",
    "resources.memory": "maxmemoryrestart memorymax memlimit memorylimit memory",
    "resources.cpu": "cpuquota cpus cpulimit cpu",
    "resources.files": "rlimitnofile limitnofile nofile minfds ulimits openfiles",
    "rollout.progress_deadline": "progressdeadlineseconds",
    "rollout.max_surge": "maxsurge",
    "rollout.max_unavailable": "maxunavailable",
}
"""Field → the foreign words for it."""

SENTENCES = {
    LOCAL: "image images container containers initcontainers build dockerfile pullpolicy "
    "imagepullpolicy template "
    "podtemplate volumes volumemounts securitycontext serviceaccountname nodeselector affinity "
    "tolerations network "
    "networks networkmode hostname containername privileged",
    LOGS: "stdoutlogfile stderrlogfile logfile loglocation logs logging standardoutput standarderror "
    "outfile errorfile "
    "stdoutstream stderrstream redirectstderr stdout stderr stdoutlogfilemaxbytes stdoutlogfilebackups "
    "mergelogs "
    "logconfiguration",
    SCHEDULE: "schedule cron cronrestart oncalendar timer interval",
    SHUTDOWN: "shutdown execstop killmode prestop lifecycle posthook sendsigkill",
    GROUP: "killasgroup stopasgroup treekill stopchildren",
    "use restart and max_consecutive_failures": "availability restartpolicies",
    "write suspend: true for a set that must not start by itself": "autostart autostartup singleton isdaemon",
    "sets start together: leave it out": "priority startorder order",
    "write num, restart and resources as fields of spec": "deploy",
    "the workers are selected by the controller: leave it out": "selector matchlabels",
    "write each process as a WorkerSet document of its own, separated by ---": "services processes apps "
    "programs "
    "jobs units",
    "exit 0 counts as success and everything else as a failure: leave it out": "exitcodes successexitstatus",
    "write rollout: {max_surge: 1, max_unavailable: 0}": "rollingupdate",
    "workers are named <set>-0, <set>-1 and so on: set metadata.name": "processname title servicename",
    "put it in the command: command: [python, -u, app.py]": "nodeargs interpreterargs execmode",
    "revisions are kept by the controller, the last ten of each set: leave it out": "revisionhistorylimit",
    "write command: [sh, -c, '…'] for a shell": "shell useshell",
    "run it as a set of its own with restart: on_failure and ready_when: completed": "execstartpre "
    "prestart hooks "
    "beforestart precommand initprocess",
    "the controller itself runs without privileges: leave it out": "capabilities capadd capdrop",
}
"""What to do → the foreign words that have no field here."""

PROBE_TARGETS = {
    "http": "httpget url test path request",
    "tcp": "tcpsocket",
    "exec": "command cmd",
    "period": "periodseconds interval every",
    "timeout": "timeoutseconds",
    "initial_delay": "initialdelayseconds startperiod initialdelay delay",
    "failure_threshold": "failurethreshold retries",
    "success_threshold": "successthreshold",
}

RESOURCE_TARGETS = {
    "memory": "mem memorymax memorylimit ram limitmemory",
    "cpu": "cpus cpuquota",
    "files": "nofile openfiles rlimitnofile fds limitnofile",
}

RESOURCE_SENTENCES = {"write the limits themselves: resources: {files: 1024}": "limits requests reservations"}

LOG_TARGETS = {
    "max_size": "maxsize maxbytes size stdoutlogfilemaxbytes maxsizemb",
    "keep": "maxfile backups count maxbackups stdoutlogfilebackups rotate maxfiles",
}

TOP_SENTENCES = {
    "write each process as a WorkerSet document of its own, separated by ---": "services processes apps "
    "programs "
    "x watchers networks volumes",
    "the version of the format is apiVersion: workerset.dev/v1": "version api",
}

DURATIONS = {
    "retry_after",
    "idle_timeout",
    "stop_grace",
    "min_ready",
    "drain_timeout",
    "progress_deadline",
    "rollout.progress_deadline",
    "initial_delay",
    "period",
    "timeout",
}
"""Targets whose foreign values are often plain numbers of seconds."""

VALUES = {
    "restart": {
        "onfailure": "on_failure",
        "onerror": "on_failure",
        "unexpected": "on_failure",
        "onabnormal": "on_failure",
        "unlessstopped": "always",
        "true": "always",
        "yes": "always",
        "any": "always",
        "false": "never",
        "no": "never",
        "none": "never",
        "exitonfailure": "never",
    },
    "ready_when": {
        "simple": "started",
        "running": "started",
        "sdnotify": "notify",
        "true": "notify",
        "oneshot": "completed",
        "processcompletedsuccessfully": "completed",
        "exit": "completed",
        "port": "listening",
    },
    "start": {"spawn": "exec", "forking": "fork"},
}
"""Field → foreign value → ours, looked up without case, `_` and `-`."""
