# A team brings its Alertmanager configuration along. Alerts of our rules and
# alerts that another Prometheus sends go through its routes; a crash repeats
# nothing; a silence and a maintenance window hold back, and what burns on is
# told when they end.
config
  maintenance:
    - name: nightly batch
      matchers: [service=batch]
      times: [{times: [{start_time: '00:20', end_time: '00:40'}]}]
alerts
  alerts:
    - {name: bad_release, condition: deployment_status == failed, severity: critical}
    - {name: own_channel, condition: deployment_status == failed, severity: warning, channels: [slack]}
alertmanager
  route:
    receiver: team
    group_by: [alertname]
    group_wait: 30s
    group_interval: 5m
    repeat_interval: 4h
    routes:
    - {receiver: email, matchers: [team=mail]}
    - {receiver: nobody, matchers: [severity=info]}
  receivers:
  - {name: team, webhook_configs: [{url: 'http://127.0.0.1:1/'}]}
  - {name: email}
  - {name: nobody}
change at 2m service=pay version_to=v2 status=failed author=oncall kind=deployment id=r1
alert at 5m labels=alertname=DiskFull,service=db,severity=critical until=1h summary="the disk is full"
alert at 5m labels=alertname=Queue,service=mail,team=mail until=20m
alert at 5m labels=alertname=Chatty,service=db,severity=info until=20m
crash at 7m
alert at 25m labels=alertname=Slow,service=batch,severity=warning until=2h
silence at 10m matchers=service=db until=30m actor=oncall comment="disk is on its way"
restart at 12m
expect between 2m and 4m message receiver/team first contains "bad_release"
expect between 2m and 3m message slack attached contains "pay"
expect between 5m and 6m message receiver/team first contains "the disk is full"
expect between 5m and 6m message email opened contains "mail"
expect at 6m incident db open
expect at 6m incident mail open
expect between 30m and 36m message receiver/team changed contains "DiskFull"
expect never 25m and 39m message receiver/team first contains "Slow"
expect between 40m and 46m message receiver/team first contains "Slow"
expect between 1h and 1h6m message receiver/team resolved contains "resolved DiskFull"
expect at 1h10m incident db resolved
expect total messages receiver/team first = 3
expect total messages receiver/team repeat = 0
expect total messages pager = 0
