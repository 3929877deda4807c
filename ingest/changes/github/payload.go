package github

import "encoding/json"

// The parts of GitHub's bodies that are read. Fields that are absent or null are zero.
type payload struct {
	Action           string      `json:"action"`
	Repository       repository  `json:"repository"`
	Sender           user        `json:"sender"`
	Deployment       *deployment `json:"deployment"`
	DeploymentStatus *status     `json:"deployment_status"`
	WorkflowRun      *run        `json:"workflow_run"`
	Release          *release    `json:"release"`

	// Of a push.
	Ref        string  `json:"ref"`
	Before     string  `json:"before"`
	After      string  `json:"after"`
	Deleted    bool    `json:"deleted"`
	Compare    string  `json:"compare"`
	HeadCommit *commit `json:"head_commit"`
	Pusher     user    `json:"pusher"`
}

type repository struct {
	ID            int64           `json:"id"`
	Name          string          `json:"name"`
	FullName      string          `json:"full_name"`
	HTMLURL       string          `json:"html_url"`
	DefaultBranch string          `json:"default_branch"`
	PushedAt      json.RawMessage `json:"pushed_at"` // a number in pushes, else text
}

// user is who did something; a pusher has a name, others a login.
type user struct {
	Login string `json:"login"`
	Name  string `json:"name"`
}

type deployment struct {
	ID          int64  `json:"id"`
	SHA         string `json:"sha"`
	Ref         string `json:"ref"`
	Task        string `json:"task"`
	Environment string `json:"environment"`
	Description string `json:"description"`
	Creator     user   `json:"creator"`
	CreatedAt   string `json:"created_at"`
}

type status struct {
	State       string `json:"state"`
	Description string `json:"description"`
	Environment string `json:"environment"`
	LogURL      string `json:"log_url"`
	TargetURL   string `json:"target_url"`
	CreatedAt   string `json:"created_at"`
}

type run struct {
	ID           int64   `json:"id"`
	Name         string  `json:"name"`
	Path         string  `json:"path"`
	DisplayTitle string  `json:"display_title"`
	Event        string  `json:"event"`
	Status       string  `json:"status"`
	Conclusion   string  `json:"conclusion"`
	HeadBranch   string  `json:"head_branch"`
	HeadSHA      string  `json:"head_sha"`
	HTMLURL      string  `json:"html_url"`
	RunNumber    int64   `json:"run_number"`
	RunAttempt   int64   `json:"run_attempt"`
	RunStartedAt string  `json:"run_started_at"`
	CreatedAt    string  `json:"created_at"`
	UpdatedAt    string  `json:"updated_at"`
	Actor        user    `json:"actor"`
	Triggering   user    `json:"triggering_actor"`
	HeadCommit   *commit `json:"head_commit"`
}

type release struct {
	ID          int64  `json:"id"`
	TagName     string `json:"tag_name"`
	Name        string `json:"name"`
	Draft       bool   `json:"draft"`
	Prerelease  bool   `json:"prerelease"`
	HTMLURL     string `json:"html_url"`
	Target      string `json:"target_commitish"`
	Author      user   `json:"author"`
	PublishedAt string `json:"published_at"`
}

type commit struct {
	ID        string `json:"id"`
	Message   string `json:"message"`
	Timestamp string `json:"timestamp"`
	Author    struct {
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"author"`
}
