package notify

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// JiraConfig keeps one issue for each incident: created once, commented on, moved
// to a state of the category done when the incident is resolved.
type JiraConfig struct {
	// URL is the address of the site, such as https://example.atlassian.net.
	URL string `yaml:"url"`
	// Version is cloud (API v3, texts as Atlassian Document Format) or server (API
	// v2, texts as wiki markup). Empty means cloud for hosts under atlassian.net,
	// else server.
	Version string `yaml:"version"`
	// Username goes with Token as a password: the e-mail address on cloud. Without
	// it Token is sent as a personal access token.
	Username string `yaml:"username"`
	// Token is an API token, or a personal access token.
	Token yamldoc.Secret `yaml:"token"`
	// Project is the key of the project, such as OPS.
	Project string `yaml:"project"`
	// IssueType is the name of the type of issue. Empty means Task.
	IssueType string `yaml:"issue_type"`
	// Priorities names the priority for each severity, as the project calls them.
	// One that is not named here is left to the project.
	Priorities map[incident.Severity]string `yaml:"priorities"`
	// Labels are set on each issue beside the one by which it is found again.
	Labels []string `yaml:"labels"`
	// Transition is the name of the transition that ends an issue. Empty means the
	// first one that leads to a state of the category done.
	Transition string `yaml:"transition"`
}

// The versions of Jira.
const (
	JiraCloud  = "cloud"
	JiraServer = "server"
)

// Kind returns which API the site has.
func (c JiraConfig) Kind() string {
	if c.Version != "" {
		return c.Version
	}
	if u, err := url.Parse(c.URL); err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".atlassian.net") {
		return JiraCloud
	}
	return JiraServer
}

var (
	jiraProject = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,254}$`)
	jiraLabel   = regexp.MustCompile(`^[^\s"\\]{1,255}$`)
)

func (c JiraConfig) validate(path string, report func(path, format string, args ...any)) {
	if c.URL == "" {
		report(path+".url", "want the address of the site, got none")
	} else {
		validateURL(path+".url", c.URL, report)
	}
	if c.Version != "" && c.Version != JiraCloud && c.Version != JiraServer {
		report(path+".version", "want cloud or server, got %q", c.Version)
	}
	wantSecret(path+".token", c.Token, "an API token or personal access token", report)
	if !jiraProject.MatchString(c.Project) {
		report(path+".project", "want the key of a project, such as OPS, got %q", c.Project)
	}
	for _, s := range slices.Sorted(keys(c.Priorities)) {
		validateSeverity(path+".priorities", s, report)
		if strings.TrimSpace(c.Priorities[s]) == "" {
			report(path+".priorities."+string(s), "want the name of a priority, got none")
		}
	}
	for i, l := range c.Labels {
		if !jiraLabel.MatchString(l) {
			report(fmt.Sprintf("%s.labels[%d]", path, i), "want a label without spaces, quotes and backslashes, got %q", l)
		}
	}
}

func keys[K comparable, V any](m map[K]V) func(yield func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// GitHubConfig keeps one issue for each incident: created once, commented on,
// closed when the incident is resolved and opened again when it comes back.
type GitHubConfig struct {
	// Repository is owner/name.
	Repository string `yaml:"repository"`
	// Token may read and write issues of the repository.
	Token yamldoc.Secret `yaml:"token"`
	// Labels are set on each issue beside `tocsin`, by which it is found again, and
	// the severity.
	Labels []string `yaml:"labels"`
	// Assignees are the users to whom issues are given.
	Assignees []string `yaml:"assignees"`
	// APIURL is another address of the API, such as
	// https://github.example.com/api/v3. Empty means https://api.github.com.
	APIURL string `yaml:"api_url"`
}

var githubRepository = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)

func (c GitHubConfig) validate(path string, report func(path, format string, args ...any)) {
	if !githubRepository.MatchString(c.Repository) || strings.HasSuffix(c.Repository, "/.") || strings.HasSuffix(c.Repository, "/..") {
		report(path+".repository", "want owner/name, got %q", c.Repository)
	}
	wantSecret(path+".token", c.Token, "a token that may write issues", report)
	validateNames(path+".labels", c.Labels, 50, report)
	validateNames(path+".assignees", c.Assignees, 10, report)
	validateAPIURL(path, c.APIURL, report)
}
