# Nobody acknowledges a critical incident: after five minutes the pager is told,
# later the mail. Then somebody does, and nobody else is told. All who were told
# hear who it was, and of the end. A process that is killed and one that is
# restarted repeat no step. What is not critical does not escalate.
config
  notify:
    default: [slack]
    escalations:
      - name: unanswered
        min_severity: critical
        steps:
          - {after: 5m, tell: [pagerduty]}
          - {after: 5m, tell: [email]}
          - {after: 5m, tell: [pager]}
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 20%
      duration: 2m
      severity: critical
    - name: some_errors
      condition: error_rate > 5%
      duration: 2m
      severity: warning
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x479 954610+1400x79 1067200+1990x119
  http_requests_total{service="pay",code="500"} 0+10x479 5390+600x79 52800+10x119
  http_requests_total{service="mail",code="200"} 0+990x479 475110+880x79 545500+990x119
  http_requests_total{service="mail",code="500"} 0+10x479 4890+120x79 14400+10x119

restart at 1h
crash at 2h9m
restart at 2h11m
ack at 2h15m service=pay actor=ops note="on it"

expect between 2h and 2h4m message slack opened contains "pay"
expect between 2h and 2h4m message slack opened contains "mail"
expect between 2h2m and 2h4m message slack raised contains "pay critical open"
expect never 0s and 2h7m message pagerduty opened
expect between 2h7m and 2h9m message pagerduty opened contains "nobody acknowledged since 2026-01-05T02:03:"
expect between 2h7m and 2h9m message pagerduty opened contains "told before: slack (escalation unanswered, step 1)"
expect between 2h12m and 2h14m message email opened contains "told before: slack, pagerduty (escalation unanswered, step 2)"
expect between 2h15m and 2h16m message slack acknowledged contains "acknowledged by ops"
expect between 2h15m and 2h16m message pagerduty acknowledged contains "acknowledged by ops"
expect between 2h15m and 2h16m message email acknowledged contains "acknowledged by ops"
expect between 2h22m and 2h40m message email resolved contains "pay"
expect between 2h22m and 2h40m message pagerduty resolved contains "pay"
expect total messages pagerduty opened = 1
expect total messages email opened = 1
expect total messages pager = 0
