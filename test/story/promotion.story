# The stages as a user wrote them. v2 goes through all of them; v3 skips staging and is
# refused the approval; then production goes back to v2, which needs no way of its own.
stages
  # deployment-stages.yml
  stages:
    - name: development
      trigger: automatic
      branch: develop
      environment:
        NODE_ENV: development
        API_URL: https://dev-api.example.com
    - name: staging
      trigger: automatic
      branch: main
      environment:
        NODE_ENV: staging
        API_URL: https://staging-api.example.com
      tests:
        - smoke
        - regression
        - load
    - name: production
      trigger: manual
      branch: main
      approval_required: true
      environment:
        NODE_ENV: production
        API_URL: https://api.example.com
      rollback:
        enabled: true
        strategy: blue-green

change at 10m service=shop environment=development version_to=v2 status=succeeded labels=branch=develop
change at 20m service=shop environment=staging version_to=v2 status=succeeded labels=branch=main
change at 30m service=shop environment=production version_to=v2 status=succeeded labels=branch=main,approved_by=ann
change at 40m service=shop environment=dev version_to=v3 status=succeeded
change at 50m service=shop environment=production version_to=v3 status=succeeded labels=approval=missing,branch=hotfix
change at 60m service=shop environment=production version_to=v2 status=succeeded

expect at 31m change shop "deployment v2 succeeded from 10m0s to 10m0s by reported on development"
expect at 31m change shop "from 20m0s to 20m0s by reported on staging after development at 10m0s"
expect at 31m change shop "from 30m0s to 30m0s by reported on production after development at 10m0s, staging at 20m0s"
expect at 51m change shop "on production after development at 40m0s; it is from the branch hotfix; production takes main; production requires an approval, and it was not given; v3 was not in staging before"
expect at 61m change shop "deployment v2 succeeded from 1h0m0s to 1h0m0s by reported rolls back v3 on production after development at 10m0s, staging at 20m0s"
expect at 61m change shop "deployment v3 rolled_back from 50m0s"
expect never 0s and 61m change shop "v2 was not"
