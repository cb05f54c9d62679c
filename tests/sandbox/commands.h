/* The subcommands: arguments after the command's own words. */
#ifndef SANDBOX_COMMANDS_H
#define SANDBOX_COMMANDS_H

void sbx_sample(int argc, char **argv);
void sbx_sign_cards(int argc, char **argv);
void sbx_remake(int argc, char **argv);
void sbx_correct(int argc, char **argv);
void sbx_ra_init(int argc, char **argv);
void sbx_ra(int argc, char **argv);
void sbx_machine_init(int argc, char **argv);
void sbx_machine(int argc, char **argv);

#endif
