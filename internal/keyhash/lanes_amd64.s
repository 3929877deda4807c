#include "textflag.h"

// Each lane takes its block of the 64 bytes at at and goes through the four rounds.
#define TAKE(at) \
	MOVOU 0(at), X4   \
	MOVOU 16(at), X5  \
	MOVOU 32(at), X6  \
	MOVOU 48(at), X7  \
	PXOR  X4, X0      \
	PXOR  X5, X1      \
	PXOR  X6, X2      \
	PXOR  X7, X3      \
	AESENC X8, X0     \
	AESENC X8, X1     \
	AESENC X8, X2     \
	AESENC X8, X3     \
	AESENC X9, X0     \
	AESENC X9, X1     \
	AESENC X9, X2     \
	AESENC X9, X3     \
	AESENC X10, X0    \
	AESENC X10, X1    \
	AESENC X10, X2    \
	AESENC X10, X3    \
	AESENC X11, X0    \
	AESENC X11, X1    \
	AESENC X11, X2    \
	AESENC X11, X3

// func lanes(s *secret, b *byte, n, length int) (lo, hi uint64)
TEXT ·lanes(SB), NOSPLIT, $0-48
	MOVQ  s+0(FP), AX
	MOVQ  b+8(FP), SI
	MOVQ  n+16(FP), CX
	MOVQ  length+24(FP), DX
	MOVOU 0(AX), X0
	MOVOU 16(AX), X1
	MOVOU 32(AX), X2
	MOVOU 48(AX), X3
	MOVOU 64(AX), X8
	MOVOU 80(AX), X9
	MOVOU 96(AX), X10
	MOVOU 112(AX), X11
	LEAQ  -64(SI)(CX*1), DI // where the last 64 bytes begin
	CMPQ  SI, DI
	JCC   last
next:
	TAKE(SI)
	ADDQ  $64, SI
	CMPQ  SI, DI
	JCS   next
last:
	TAKE(DI)
	MOVQ  DX, X4
	PXOR  X1, X0
	PXOR  X3, X2
	PXOR  X4, X0
	PXOR  X2, X0
	AESENC X8, X0
	AESENC X9, X0
	AESENC X10, X0
	AESENC X11, X0
	MOVQ  X0, lo+32(FP)
	PSRLO $8, X0
	MOVQ  X0, hi+40(FP)
	RET

// WIDE does what TAKE does with two lanes in a register.
#define WIDE(at) \
	VPXOR 0(at), Y0, Y0    \
	VPXOR 32(at), Y1, Y1   \
	VAESENC Y8, Y0, Y0     \
	VAESENC Y8, Y1, Y1     \
	VAESENC Y9, Y0, Y0     \
	VAESENC Y9, Y1, Y1     \
	VAESENC Y10, Y0, Y0    \
	VAESENC Y10, Y1, Y1    \
	VAESENC Y11, Y0, Y0    \
	VAESENC Y11, Y1, Y1

// func wide(s *secret, b *byte, n, length int) (lo, hi uint64)
TEXT ·wide(SB), NOSPLIT, $0-48
	MOVQ  s+0(FP), AX
	MOVQ  b+8(FP), SI
	MOVQ  n+16(FP), CX
	MOVQ  length+24(FP), DX
	VMOVDQU 0(AX), Y0
	VMOVDQU 32(AX), Y1
	VBROADCASTI128 64(AX), Y8
	VBROADCASTI128 80(AX), Y9
	VBROADCASTI128 96(AX), Y10
	VBROADCASTI128 112(AX), Y11
	LEAQ  -64(SI)(CX*1), DI
	CMPQ  SI, DI
	JCC   last
next:
	WIDE(SI)
	ADDQ  $64, SI
	CMPQ  SI, DI
	JCS   next
last:
	WIDE(DI)
	VMOVQ DX, X4
	VPXOR Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPXOR X1, X0, X0
	VPXOR X4, X0, X0
	VAESENC X8, X0, X0
	VAESENC X9, X0, X0
	VAESENC X10, X0, X0
	VAESENC X11, X0, X0
	VMOVQ X0, lo+32(FP)
	VPEXTRQ $1, X0, hi+40(FP)
	VZEROUPPER
	RET
