package app

import (
	"errors"
	"fmt"
	"log/slog"
)

// undo is a stack of named steps that take back what was opened.
type undo struct {
	steps []undoStep
}

type undoStep struct {
	name string
	f    func() error
}

func (u *undo) add(name string, f func() error) {
	u.steps = append(u.steps, undoStep{name, f})
}

// run takes all steps, last in first out, logs each by name, and joins their
// errors. A second call does nothing.
func (u *undo) run(log *slog.Logger) error {
	var errs []error
	for i := len(u.steps) - 1; i >= 0; i-- {
		s := u.steps[i]
		log.Info("stopping", "step", s.name)
		if err := s.f(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	u.steps = nil
	return errors.Join(errs...)
}
