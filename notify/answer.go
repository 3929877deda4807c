package notify

import (
	"context"
	"sync/atomic"
)

type answerKey struct{}

// Answered notes what a provider answered to the message that is being sent
// under ctx, such as an HTTP status; the latest word counts and is journaled
// with the try. Without a message under way it does nothing. It is safe for
// concurrent use.
func Answered(ctx context.Context, code string) {
	if a, ok := ctx.Value(answerKey{}).(*atomic.Value); ok {
		a.Store(code)
	}
}

// listening returns a context under which Answered is heard, and what was heard.
func listening(ctx context.Context) (context.Context, func() string) {
	a := new(atomic.Value)
	return context.WithValue(ctx, answerKey{}, a), func() string {
		code, _ := a.Load().(string)
		return code
	}
}
