# In the middle of an incident the data stop; when they come back the service is
# still bad. The alert goes on from where it was held and nobody is told again. The
# detector has got used to the errors by then and has nothing to say when they end;
# the incident resolves all the same.
config
  incidents: {flap_changes: 6} # a gap and what is on either side of it are no flapping here
alerts
  alerts:
    - name: high_error_rate
      condition: error_rate > 5%
      duration: 2m
      severity: critical
load 15s jitter 3%
  http_requests_total{service="pay",code="200"} 0+1990x239 477010+1400x39 _x80 533600+1400x59 618190+1990x119
  http_requests_total{service="pay",code="500"} 0+10x239 2990+600x39 _x80 26990+600x59 62400+10x119

expect at 1h9m alert high_error_rate pay firing
expect between 1h16m and 1h20m alert high_error_rate pay held
expect at 1h29m incident pay open
expect between 1h32m and 1h36m alert high_error_rate pay firing
expect never 1h10m and 1h44m message pager resolved
expect never 1h10m and 1h44m message pager opened
expect never 1h10m and 1h44m message pager reopened
expect between 1h47m and 2h10m incident pay resolved
expect total incidents = 1
expect total messages pager opened = 1
expect total messages pager resolved = 1
